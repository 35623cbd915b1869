"""What is lost of an answer where a dialect has text alone."""

from collections.abc import Iterator

from casecraft.core.chat import ChatResponse, Image, Loss, Reasoning, ToolCall


def text_losses(response: ChatResponse) -> Iterator[Loss]:
    """The parts of an answer that are no text, and why it stopped."""
    parts = response.parts
    if response.stop_reason != "stop":
        yield Loss("stop_reason", "an output of text does not say it", harmless=response.stop_reason != "tool_use")
    if any(isinstance(part, Reasoning) for part in parts):
        yield Loss("reasoning", "an output of text has no place for what was thought", harmless=True)
    if any(isinstance(part, ToolCall) for part in parts):
        yield Loss("tool_call", "an output of text cannot ask for tools")
    if any(isinstance(part, Image) for part in parts):
        yield Loss("image", "an output of text has no images")
