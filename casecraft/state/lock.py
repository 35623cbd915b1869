"""One writer at a time: the lock between processes, and the record of who holds it."""

import json
import os
import socket
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from casecraft.errors import StateError, StateLockedError


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a state file: process id, host, since when (Unix time), and the command."""

    pid: int
    host: str
    since: float
    command: str

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"process {self.pid} on {self.host!r} ({self.command!r}, since {since})"


class StateLock:
    """Holds the state file at `path` for this process until `release`.

    The system drops the lock of a process that died, so that the record alone never blocks anyone.
    """

    def __init__(self, path: Path, *, since: float, command: str | None = None) -> None:
        self._record = path.with_name(path.name + ".holder")
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        try:
            self._lock.acquire(timeout=0)
            holder = Holder(os.getpid(), socket.gethostname(), since, command or _this_command())
            self._record.write_text(json.dumps(asdict(holder)), encoding="utf-8")
        except Timeout as error:
            raise _locked(path, self._record) from error
        except OSError as error:
            self._lock.release()
            raise StateError(
                f"the state file {str(path)!r} cannot be locked: {error.strerror or error}",
                hint="its folder must be writable; choose another with --state-dir",
            ) from error

    def release(self) -> None:
        """Let others in. A second call does nothing."""
        if self._lock.is_locked:
            self._record.unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def holder_of(path: Path) -> Holder | None:
    """Who says to hold the state file at `path`; None where nobody does, or the record cannot be read."""
    return _read(path.with_name(path.name + ".holder"))


def _read(record: Path) -> Holder | None:
    with suppress(OSError, ValueError, TypeError):
        return Holder(**json.loads(record.read_text(encoding="utf-8")))
    return None


def _locked(path: Path, record: Path) -> StateLockedError:
    return StateLockedError(
        f"the state file {str(path)!r} is held by {_read(record) or 'another process'}",
        hint="wait for it to end or stop it; a run on another document needs no waiting",
    )


def _this_command() -> str:
    """The program and its subcommand. Its other words stay out: an address among them may carry a password."""
    words = [Path(sys.argv[0]).name or "python", *sys.argv[1:2]]
    return " ".join(word for word in words if word.replace("-", "").replace(".", "").replace("_", "").isalnum())
