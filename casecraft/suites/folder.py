"""The folder of a suite: which files in it are casecraft's, and how they are replaced."""

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from casecraft.errors import SuiteError
from casecraft.suites.manifest import FILE as MANIFEST_FILE

STAGING = ".casecraft-staging"
_MARK = b"casecraft"
_HEAD = 200
_MAX_DEPTH = 5


class SuiteFolder:
    """Replaces a suite's files by new ones.

    New content is first written under `.casecraft-staging` in the same folder, so that a full disk spoils nothing;
    then each file is moved to its place, the manifest last, and what the earlier manifest names and the new one does
    not is removed. Nothing is flushed to the disk by force: a suite can be written again from the state at any time.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._staging = root / STAGING
        self.written: list[str] = []
        self.unchanged: list[str] = []
        self.removed: list[str] = []
        self._staged: set[str] = set()

    @contextmanager
    def staging(self) -> Iterator[Callable[[str, bytes], str]]:
        """Yields `stage(path, content)`, which returns the path; on leaving, what was staged takes its place.

        Raises SuiteError where the folder cannot be read or written.
        """
        try:
            self._prepare()
            try:
                earlier = self._earlier_files()
                yield lambda path, content: self._stage(path, content, earlier)
                self._publish()
                self._remove(earlier - {*self.written, *self.unchanged})
            finally:
                shutil.rmtree(self._staging, ignore_errors=True)
        except OSError as error:
            raise _unwritable(self._root, error) from error

    def _prepare(self) -> None:
        if self._staging.is_dir():
            shutil.rmtree(self._staging)
        self._staging.mkdir(parents=True)

    def _earlier_files(self) -> set[str]:
        """What the manifest in the folder names as casecraft's, the manifest included; empty where there is none."""
        try:
            manifest = json.loads((self._root / MANIFEST_FILE).read_bytes())
        except (FileNotFoundError, ValueError, RecursionError):
            return set()
        files = manifest.get("files") if isinstance(manifest, dict) else None
        return {MANIFEST_FILE, *filter(_is_inside, files)} if isinstance(files, list) else set()

    def _stage(self, path: str, content: bytes, earlier: set[str]) -> str:
        self._refuse_misplaced(path)
        existing = self._read(path)
        if existing == content:
            self.unchanged.append(path)
            return path
        if existing is not None and path not in earlier and _MARK not in existing[:_HEAD]:
            raise SuiteError(
                f"{str(self._root / path)!r} is in the way: casecraft did not make it and will not overwrite it",
                hint="Write the suite to a folder of its own with --output, or move that file.",
            )
        staged = self._staging / path
        staged.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(content)
        self.written.append(path)
        return path

    def _refuse_misplaced(self, path: str) -> None:
        if not _is_inside(path):
            raise SuiteError(f"{path!r} is no place for a suite's file", hint="Correct the format that writes it.")
        if path in self._staged:
            raise SuiteError(f"two formats write {path!r}", hint="Leave one of them out of --format.")
        self._staged.add(path)

    def _read(self, path: str) -> bytes | None:
        try:
            return (self._root / path).read_bytes()
        except FileNotFoundError:
            return None

    def _publish(self) -> None:
        for path in self.written:
            target = self._root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            (self._staging / path).replace(target)

    def _remove(self, paths: set[str]) -> None:
        for path in sorted(paths):
            target = self._root / path
            if target.is_file() and target.resolve().is_relative_to(self._root.resolve()):
                target.unlink()
                self.removed.append(path)
                self._remove_empty_folders(PurePosixPath(path))

    def _remove_empty_folders(self, path: PurePosixPath) -> None:
        for parent in [*path.parents][:-1]:
            folder = self._root / parent
            if any(folder.iterdir()):
                return
            folder.rmdir()


def refuse_unwritable(root: Path) -> None:
    """Raise SuiteError where it can be told without writing that a suite cannot be written to `root`."""
    nearest = next((path for path in (root, *root.parents) if path.exists()), root)
    if not nearest.is_dir():
        raise _unwritable(root, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _unwritable(root, PermissionError(errno.EACCES, f"the folder {str(nearest)!r} may not be written"))


def _is_inside(path: Any) -> bool:
    """Whether an entry of a manifest, which anyone may have edited, can name a file of a suite.

    Hidden folders are none of casecraft's: `.git` may well stand beside the suite's files.
    """
    if not isinstance(path, str) or any(sign in path for sign in "\\:\0"):
        return False
    *folders, name = path.split("/")
    hidden = any(folder.startswith(".") for folder in folders)
    return len(folders) < _MAX_DEPTH and all(folders) and not hidden and name not in {"", ".", ".."}


def _unwritable(root: Path, error: OSError) -> SuiteError:
    hints = {
        errno.ENOSPC: "Make room on the disk, then run it again; the suite that was there is as it was.",
        errno.ENOTDIR: "Name a folder with --output; this is, or lies under, a file.",
        errno.EEXIST: "Name a folder with --output; this is, or lies under, a file.",
    }
    hint = hints.get(error.errno or 0, "Choose a folder that may be written with --output.")
    return SuiteError(f"cannot write the suite to {str(root)!r}: {error.strerror or error}", hint=hint)
