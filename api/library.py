"""Where the documents of a pathway lie on disk, and how a running program gets hold of them."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable

import pathways
import rules
import schemas
from pathways.codes import read_codes
from pathways.loader import load_pathway
from pathways.vignettes import load_vignettes
from rules.decide import Decider
from schemas.codes import CodeLists
from schemas.errors import NotFoundError, Problem
from schemas.pathway import Pathway
from schemas.vignette import Vignette

TEACHING = "vignettes/teaching/"
"""Where the cases made for teaching lie."""

_BUILDING = threading.Lock()
"""One engine per process: two, each with its own lock, would enter the native code side by side."""

_ENDINGS = (".md", ".yaml")


def pathway_ids() -> tuple[str, ...]:
    """Return the pathways that are installed."""
    root = resources.files(pathways)
    return tuple(
        sorted(
            entry.name
            for entry in root.iterdir()
            if entry.is_dir() and entry.joinpath("pathway.md").is_file()
        )
    )


def read_files(folder: Traversable, prefix: str = "") -> dict[str, str]:
    """Return every document below *folder*, by its name relative to it."""
    files: dict[str, str] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            files |= read_files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(_ENDINGS):
            files[f"{prefix}{entry.name}"] = entry.read_text(encoding="utf-8")
    return files


@cache
def pathway_files(id: str) -> dict[str, str]:
    """Return the documents of the pathway *id*; raise NotFoundError when there is none."""
    if id not in pathway_ids():
        raise NotFoundError(
            Problem(
                code="unknown-pathway",
                message="there is no pathway of that name",
                help=f"pathways are {', '.join(pathway_ids())}",
                where="pathway",
            )
        )
    return read_files(resources.files(pathways).joinpath(id))


@cache
def get_pathway(id: str) -> Pathway:
    """Load the pathway *id* once. Vignettes are tests of it, not part of what it says."""
    files = pathway_files(id)
    return load_pathway({n: t for n, t in files.items() if not n.startswith("vignettes/")})


@cache
def get_codes(id: str) -> CodeLists:
    """Read the code lists of the pathway *id*; raise PathwayError with every code that is not right.

    A service reads them before it starts and refuses to run on half of them.
    """
    return read_codes(pathway_files(id), get_pathway(id).facts)


@cache
def get_vignettes(id: str) -> tuple[Vignette, ...]:
    """Load the patients that test the pathway *id*."""
    files = {n: t for n, t in pathway_files(id).items() if n.startswith("vignettes/")}
    tests = {n: t for n, t in files.items() if not n.startswith(TEACHING)}
    return load_vignettes(tests, get_pathway(id))


@cache
def get_cases(id: str) -> tuple[Vignette, ...]:
    """Load every invented patient of the pathway *id*: those that test it, and after them those made for teaching."""
    files = {n: t for n, t in pathway_files(id).items() if n.startswith(TEACHING)}
    return (*get_vignettes(id), *load_vignettes(files, get_pathway(id)))


def get_decider(id: str) -> Decider:
    """Return the decider of the pathway *id*, built once per process however many threads ask first."""
    with _BUILDING:
        return _decider(id)


@cache
def _decider(id: str) -> Decider:
    return Decider(get_pathway(id), program_version())


def _sources(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield every module below *folder* by name, in order."""
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _sources(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".py"):
            yield f"{prefix}{entry.name}", entry.read_bytes()


@cache
def program_version() -> str:
    """Return the version and a short hash of the code that decides."""
    digest = hashlib.sha256()
    for package in (schemas, rules, pathways):
        for name, data in _sources(resources.files(package)):
            digest.update(name.encode())
            digest.update(data.replace(b"\r\n", b"\n"))
    return f"{metadata.version('steppedcare')}+{digest.hexdigest()[:12]}"
