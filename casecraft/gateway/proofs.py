"""What a model thought before it called tools, kept for clients that cannot carry it or do not.

Such models want their thoughts back with the tools' results, Claude and Gemini with their vendor's signature: they
refuse the next request without, as Kimi and DeepSeek do. Chat Completions has no place for signatures, no dialect but
Gemini's has one at a call, and many a client leaves thoughts out. So the gateway remembers them by the id of the first
call, and puts them back.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace

from casecraft.core.chat import ChatRequest, Content, Message, Part, Reasoning, ToolCall

MOST = 16 * 1024 * 1024
"""Characters that one provider's proofs may take together; the oldest go first."""


@dataclass(frozen=True, slots=True)
class _Proof:
    """The thoughts before the first call of an answer, and the signatures of its calls by their ids."""

    thoughts: tuple[Reasoning, ...]
    signatures: dict[str, str]

    def is_in(self, message: Message) -> bool:
        """Has the client brought all of it back by itself?"""
        thoughts = [part for part in message.parts if isinstance(part, Reasoning)]
        marks = {part.signature for part in message.parts if isinstance(part, Reasoning | ToolCall)}
        signed = {*(it.signature for it in self.thoughts), *self.signatures.values()} - {""}
        return signed <= marks and bool(thoughts or not self.thoughts)

    @property
    def size(self) -> int:
        thoughts = sum(len(it.text) + len(it.signature) for it in self.thoughts)
        return thoughts + sum(len(call_id) + len(it) for call_id, it in self.signatures.items())


class Proofs:
    """Those of one provider, in memory alone: after a new start, histories go without as they came."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[str, _Proof] = OrderedDict()

    def keep(self, content: Content) -> None:
        """Remember the thoughts and signatures of an answer that calls tools."""
        parts = () if isinstance(content, str) else content
        calls = [part for part in parts if isinstance(part, ToolCall)]
        thoughts = tuple(part for part in parts if isinstance(part, Reasoning))
        signatures = {call.id: call.signature for call in calls if call.signature}
        if not calls or not (signatures or thoughts):
            return
        self._forget(calls[0].id)
        proof = self._kept[calls[0].id] = _Proof(thoughts, signatures)
        self._size += proof.size
        while self._size > self._most:
            self._forget(next(iter(self._kept)))

    def _forget(self, call_id: str) -> None:
        proof = self._kept.pop(call_id, None)
        if proof is not None:
            self._size -= proof.size

    def restore(self, request: ChatRequest) -> ChatRequest:
        """The request with what its client has lost of earlier answers."""
        if not self._kept:
            return request
        messages = tuple(map(self._restored, request.messages))
        return replace(request, messages=messages)

    def _restored(self, message: Message) -> Message:
        calls = [part for part in message.parts if isinstance(part, ToolCall)]
        proof = self._kept.get(calls[0].id) if message.role == "assistant" and calls else None
        if proof is None or proof.is_in(message):
            return message
        self._kept.move_to_end(calls[0].id)
        rest = [_signed(part, proof) for part in message.parts if not isinstance(part, Reasoning)]
        return Message("assistant", (*proof.thoughts, *rest))


def _signed(part: Part, proof: _Proof) -> Part:
    if isinstance(part, ToolCall) and part.id in proof.signatures:
        return replace(part, signature=proof.signatures[part.id])
    return part
