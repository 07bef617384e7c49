"""What a cohort is read from: which kind of input a path names, and what identifies its content."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.cohort.batches import Source
from api.cohort.manifest import NAME
from api.cohort.shape import CHILDREN
from schemas.errors import InputError, Problem
from schemas.pathway import Pathway

TABLES = ("patients", *CHILDREN)
_LINES = (".ndjson", ".jsonl")
_BLOCK = 1024 * 1024
_HELP = (
    "name a .parquet, .csv or .ndjson file, or a folder with patients.parquet (or .csv) and its child tables, "
    "or a FHIR Bulk Data folder"
)


@dataclass(frozen=True)
class Content:
    """One file by its content: what was read is what this says."""

    name: str
    bytes: int
    sha256: str
    lines: int
    """Line ends, to estimate how many patients a text file holds."""


def find_source(path: Path, pathway: Pathway, settings: str, ignore: tuple[str, ...]) -> Source:
    """Return the reader of what *path* names.

    Raises InputError when it is nothing a cohort can be read from, or holds columns that cannot be used.
    """
    from api.cohort.lines import BulkSource, NdjsonSource
    from api.cohort.tables import TableSource

    if path.is_file():
        if path.suffix in (".parquet", ".csv"):
            return TableSource(pathway, {"patients": (path,)}, ignore)
        if path.suffix in _LINES:
            return NdjsonSource(pathway, (path,), settings)
    elif path.is_dir():
        if (path / NAME).is_file():
            raise _refused(
                "answers",
                "this folder holds the answers of a run",
                "name what the run was made from",
            )
        for ending in (".parquet", ".csv"):
            files = {name: tuple(_parts(path, name, ending)) for name in TABLES}
            if files["patients"]:
                _check_strays(path, files, ignore)
                return TableSource(pathway, {name: of for name, of in files.items() if of}, ignore)
        lines = tuple(sorted(each for each in path.iterdir() if each.suffix in _LINES))
        if lines:
            return (BulkSource if _is_fhir(lines[0]) else NdjsonSource)(pathway, lines, settings)
    else:
        raise _refused("cannot-read", "there is no such file or folder")
    raise _refused("no-records", "no cohort can be read from this")


def contents(files: tuple[Path, ...]) -> tuple[Content, ...]:
    """Return what identifies each file; raise InputError when one cannot be read."""
    return tuple(_content(file) for file in files)


def _content(file: Path) -> Content:
    digest, size, lines = hashlib.sha256(), 0, 0
    try:
        with file.open("rb") as source:
            while block := source.read(_BLOCK):
                digest.update(block)
                size += len(block)
                lines += block.count(b"\n")
    except OSError as error:
        raise _refused("cannot-read", "a file cannot be read") from error
    return Content(file.name, size, digest.hexdigest(), lines)


def estimate(source: Source, read: tuple[Content, ...]) -> int:
    """Return about how many patients *source* holds; exactly for Parquet."""
    if source.kind == "parquet":
        import pyarrow.parquet as pq

        first = [file for file in source.files if file.name.startswith("patients")]
        return sum(pq.read_metadata(file).num_rows for file in first or source.files[:1])
    first_table = [
        each.lines
        for each in read
        if each.name.lower().startswith("patient") or source.kind == "ndjson"
    ]
    return sum(first_table) or sum(each.lines for each in read)


def _parts(folder: Path, name: str, ending: str) -> Iterator[Path]:
    """Yield `name.parquet`, `name-00000.parquet` and its like, and the files of a folder `name`."""
    inside = folder / name
    found = [*folder.iterdir(), *(inside.iterdir() if inside.is_dir() else ())]
    for file in sorted(found):
        if file.suffix == ending and file.is_file():
            stem = file.name.removesuffix(ending)
            if file.parent == inside or stem == name or stem.startswith((f"{name}-", f"{name}.")):
                yield file


def _is_fhir(file: Path) -> bool:
    """Tell from its first line whether a file holds FHIR resources."""
    with file.open("rb") as source:
        first: Any = None
        try:
            first = json.loads(source.readline(_BLOCK))
        except ValueError:
            return file.name[:1].isupper()
    return isinstance(first, dict) and "resourceType" in first


def _check_strays(
    folder: Path, files: Mapping[str, tuple[Path, ...]], ignore: tuple[str, ...]
) -> None:
    """Raise InputError for a table in *folder* that is none of *files*: a list misspelt would not be read.

    Neither would be `medications.csv` beside `patients.parquet`.
    """
    read = {file for of in files.values() for file in of}
    for file in sorted(folder.iterdir()):
        name = file.name.removesuffix(file.suffix)
        is_table = file.suffix in (".parquet", ".csv") and file.is_file()
        if is_table and file not in read and name not in ignore:
            near = difflib.get_close_matches(name[:80], TABLES, n=1, cutoff=0.75)
            if near and near[0] == name:
                help = "write all tables in the same format"
            else:
                said = f"did you mean `{near[0]}`? " if near else ""
                help = f"{said}tables are called {', '.join(TABLES)}; take the file away if no rule shall read it"
            raise InputError(
                Problem(
                    code="unknown-table", message="a table in the folder would not be read",
                    help=help, where=file.name,
                )
            )  # fmt: skip


def _refused(code: str, message: str, help: str = _HELP) -> InputError:
    return InputError(Problem(code=code, message=message, help=help, where="INPUT"))
