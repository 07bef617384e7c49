"""Whether what is installed is one version of everything: each file is the one that was released."""

from __future__ import annotations

import base64
import hashlib
from importlib.metadata import Distribution, distribution
from pathlib import Path, PurePath

from schemas.errors import PathwayError, Problem

ROOMS = ("schemas", "pathways", "rules", "api")
MOST_TOLD = 20


def strange_files(installed: Distribution) -> tuple[str, ...] | None:
    """Return the files of *installed* that were changed, removed or added since it was built; None: it cannot be told.

    A wheel lists each of its files with a hash. A working copy that is installed as it stands has no such list.
    """
    released = {
        PurePath(entry).as_posix(): entry.hash
        for entry in installed.files or ()
        if entry.parts[0] in ROOMS
    }
    if not released:
        return None
    root = Path(str(installed.locate_file("")))
    there = {
        file.relative_to(root).as_posix()
        for room in ROOMS
        for file in (root / room).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    expected = {name for name in released if "__pycache__" not in PurePath(name).parts}
    wrong = there ^ expected
    for name in there & expected:
        told = released[name]
        if told is None or told.mode != "sha256" or told.value != _digest(root / name):
            wrong.add(name)
    return tuple(sorted(wrong))


def _digest(file: Path) -> str:
    """Return the hash of *file* as a wheel writes it."""
    digest = hashlib.sha256(file.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def check_intact(installed: Distribution | None = None) -> bool:
    """Raise PathwayError unless all files are of one version; tell whether that could be checked.

    INVARIANT: a service does not start on half an upgrade. New rules beside old code lists would answer with a hash
    of documents that nobody has ever tested together.
    """
    wrong = strange_files(installed or distribution("steppedcare"))
    if wrong:
        raise PathwayError(
            *(
                Problem(
                    code="mixed-installation",
                    message="this file is not the one that was released with the others",
                    help="install steppedcare again as a whole",
                    where=name,
                )
                for name in wrong[:MOST_TOLD]
            )
        )
    return wrong is not None
