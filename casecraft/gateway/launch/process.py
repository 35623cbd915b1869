"""A client as a process in this terminal: what is typed goes to it, and its end is ours."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from casecraft.errors import LaunchError

SIGNALED = 128
"""A shell's exit code for a program that a signal ended is the signal's number above this."""

FROM_TERMINAL = ("SIGINT", "SIGQUIT", "SIGTSTP")
"""What a terminal sends to everybody in it: the client has got it already.

Were we to stop by ourselves on Ctrl-Z, we might learn of the client's stop only when all goes on, and stop again.
"""

PASSED_ON = ("SIGTERM", "SIGHUP")
WITHOUT_TERMINAL = (*PASSED_ON, "SIGINT", "SIGQUIT")
"""What the client gets from us; without a terminal nobody else gives it to it."""


def run_client(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a client to its end, with our standard streams; its exit code, or 128 and the number of its signal.

    Raises `LaunchError` where the program cannot be started.
    """
    with _signals() as signals:
        try:
            process = subprocess.Popen(command, env=environ)  # noqa: S603  # the user names it
        except OSError as error:
            hint = "Is it a program for this machine? Install the client again."
            raise LaunchError(f"{command[0]!r} cannot be started: {error.strerror}", hint=hint) from error
        signals.reach(process)
        code = _wait(process)
    return code if code >= 0 else SIGNALED - code


class _Signals:
    """Gives the client the signals that we get; those that come before it is there wait for it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def reach(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        for number in self._early:
            self.send(number)

    def send(self, number: int, _frame: FrameType | None = None) -> None:
        if self._process is None:
            self._early.append(number)
        elif self._process.returncode is None:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(self._process.pid, number)


@contextmanager
def _signals() -> Iterator[_Signals]:
    """While this is open, no signal ends us before the client has ended."""
    signals = _Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals  # a library's caller has its own way with signals
        return
    terminal = sys.stdin.isatty()
    before = {it: signal.signal(it, signals.send) for it in _numbers(PASSED_ON if terminal else WITHOUT_TERMINAL)}
    if terminal:
        # No SIG_IGN: the client would inherit it.
        before |= {it: signal.signal(it, _leave) for it in _numbers(FROM_TERMINAL)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Leave a signal to the client, which has got it from the terminal."""


def _numbers(names: Sequence[str]) -> Iterator[signal.Signals]:
    """Those of the signals that this system has."""
    return (getattr(signal, name) for name in names if hasattr(signal, name))


def _wait(process: subprocess.Popen[bytes]) -> int:
    """The client's code, which is negative where a signal ended it."""
    if sys.platform == "win32" or not sys.stdin.isatty():
        return process.wait()
    # A client that stops stops us with it, or the shell would not get its terminal back.
    while True:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode
        os.kill(os.getpid(), signal.SIGSTOP)
