"""What a run has done so far, in `run.json`: the truth after a kill, whatever else lies in the folder."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from schemas.errors import InputError, Problem, StorageError

NAME, ERRORS, WORK = "run.json", "errors.ndjson", ".work"
_IDENTITY = {
    "input": "the input",
    "pathway": "the pathway",
    "version": "the pathway's version",
    "content_hash": "the pathway's documents",
    "program": "the program",
    "settings": "the settings",
    "on": "the date of the question",
    "whole": "the lists said to be whole",
    "ignored": "the columns left aside",
    "answers": "the format of the answers",
    "chunk": "the size of a part",
}


@dataclass
class Manifest:
    """One run: what it is about, the parts that are finished, what was counted."""

    about: dict[str, Any]
    buckets: int
    parts: dict[int, dict[str, Any]] = field(default_factory=dict)
    complete: bool = False
    notes: dict[str, Any] = field(default_factory=dict)

    def count(self, what: str) -> int:
        return sum(int(part[what]) for part in self.parts.values())

    def write(self, folder: Path) -> None:
        """Put the manifest into its place in one step."""
        body = {
            **self.about, "buckets": self.buckets, "complete": self.complete,
            "counts": {
                name: self.count(name)
                for name in ("patients", "left_out", "faults", "strangers", "repeated", "not_used")
            },
            **self.notes,
            "parts": [self.parts[at] for at in sorted(self.parts)],
        }  # fmt: skip
        text = json.dumps(body, ensure_ascii=False, indent=1) + "\n"
        put(folder / NAME, lambda file: file.write(text.encode()))


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest in *folder*, or None when there is none; raise InputError when it is not one of ours."""
    try:
        body = json.loads((folder / NAME).read_text(encoding="utf-8"))
        parts = {int(part["part"]): part for part in body.pop("parts")}
        about = {name: body[name] for name in (*_IDENTITY, "synthetic", "caveats")}
        left = (*about, "buckets", "complete", "counts")
        notes = {name: value for name, value in body.items() if name not in left}
        return Manifest(about, int(body["buckets"]), parts, bool(body["complete"]), notes)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refused("not-a-run", f"`{NAME}` in the folder is not one of ours") from error


def check_same(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raise InputError when *new* is about something else than what was begun."""
    changed = [words for name, words in _IDENTITY.items() if old[name] != new[name]]
    if changed:
        raise _refused(
            "run-changed",
            f"a run was begun in this folder, and since then {_listed(changed)} changed",
            "go on with what the run was begun with, or give another folder with --out",
        )


def put(file: Path, write: Callable[[IO[bytes]], Any]) -> int:
    """Write *file* under another name and rename it when it is safely on disk; return its size.

    Raises StorageError, and leaves nothing half written under the real name.
    """
    temporary = file.with_name(f".{file.name}.tmp")
    try:
        with temporary.open("wb") as to:
            write(to)
            to.flush()
            os.fsync(to.fileno())
            size = to.tell()
        temporary.rename(file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return size
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise cannot_write() from error


def cannot_write() -> StorageError:
    return StorageError(
        Problem(
            code="cannot-write",
            message="the disk is full or cannot be written; all finished parts are kept",
            help="make room and run the same command again: it goes on where it stopped",
            where="--out",
        )
    )


def stopped() -> StorageError:
    return StorageError(
        Problem(
            code="stopped",
            message="stopped before the end; all finished parts are kept",
            help="run the same command again: it goes on where it stopped",
            where="--out",
        )
    )


def engine_failed(kind: str) -> StorageError:
    """Return what is told when the engine behind the columns raised an error called *kind*; its words are not told."""
    return StorageError(
        Problem(
            code="engine-failed",
            message=f"the engine stopped with {kind}; all finished parts are kept",
            help="run the same command again: it goes on where it stopped; where it stops again, "
            "begin in another folder with a smaller --chunk, which needs less memory",
            where="--backend",
        )
    )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep *folder* to one run at a time; raise InputError when another one is writing there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise _refused("cannot-write", "the folder cannot be written") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise _refused("busy", "another run is writing in this folder") from error
        yield


def _refused(code: str, message: str, help: str = "give another folder with --out") -> InputError:
    return InputError(Problem(code=code, message=message, help=help, where="--out"))


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
