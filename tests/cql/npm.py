"""Programs from the npm registry: installed from their lock into an ignored folder, and run when a test asks."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / ".tools"


@cache
def installed(source: Path) -> Path:
    """Return the folder the packages locked in *source* are installed in, with the scripts of *source* beside them.

    Skips, naming what to install, where there is no node. Several test processes may ask at once: one installs.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed: apt install nodejs npm")
    folder = TOOLS / source.name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install(source, folder)
    return folder


def _install(source: Path, folder: Path) -> None:
    for file in source.iterdir():
        if file.suffix in (".json", ".mjs", ".xml"):
            copy = folder / file.name
            if not copy.exists() or copy.read_bytes() != file.read_bytes():
                shutil.copy(file, copy)
    wanted, stamp = (source / "package-lock.json").read_bytes(), folder / "installed"
    if not stamp.exists() or stamp.read_bytes() != wanted:
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=folder, check=True, capture_output=True, timeout=300,
        )  # fmt: skip
        stamp.write_bytes(wanted)


def run_node(source: Path, *words: str, stdin: str, seconds: int = 120) -> str:
    """Run a script of *source* with *words* and return what it printed."""
    done = subprocess.run(
        ["node", *words], cwd=installed(source), input=stdin, text=True, capture_output=True,
        timeout=seconds, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
