"""An installation that was built and can be spoiled: the four rooms in a folder, with the list a wheel brings."""

from __future__ import annotations

import base64
import hashlib
import shutil
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

from api.deployment.intact import ROOMS

ROOT = Path(__file__).parents[2]


def install(folder: Path) -> PathDistribution:
    """Copy the rooms into *folder* as an installer would, with the hash of each file in the list."""
    rows = []
    for room in ROOMS:
        leave_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / room, folder / room, ignore=leave_out)
        rows += [each for each in (folder / room).rglob("*") if each.is_file()]
    about = folder / "steppedcare-0.1.0.dist-info"
    about.mkdir()
    requires = "".join(
        f"Requires-Dist: {each}\n" for each in Distribution.from_name("steppedcare").requires or ()
    )
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: steppedcare\nVersion: 0.1.0\n{requires}"
    )
    record = [
        f'"{file.relative_to(folder)}",sha256={digest(file)},{file.stat().st_size}' for file in rows
    ]
    (about / "RECORD").write_text("\n".join(record) + "\n")
    return PathDistribution(about)


def digest(file: Path) -> str:
    found = hashlib.sha256(file.read_bytes()).digest()
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode()
