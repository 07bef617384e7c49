"""Many patients from Bulk Data files: grouped on disk, decided one by one; faults are told apart, by file and line.

Files come by type and in any order, so a patient is complete only when all have been read. What was read lies in a
temporary SQLite file until then; in memory is one line, or one patient. The file is readable by its owner only, and
gone when the run ends.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from api.fhir.outcome import operation_outcome
from api.fhir.reading import read_record
from api.fhir.reading.names import KNOWN, READ, SUPPORT
from api.fhir.reading.shapes import mapping, objects, text
from api.fhir.reading.subjects import parse_reference, subject_of
from api.library import get_codes, get_pathway
from api.service import decide_input
from api.strict_json import RECORD, RECORD_BYTES, read_json
from schemas.errors import InputError, Problem, SteppedCareError

Keep = Callable[[str, str], bool]
"""Keeps a decision as JSON for the patient of an id, and tells whether it did."""
ENDING = ".ndjson"
_LONGEST = RECORD_BYTES + 2
"""Bytes of a line, its end included, that is still read whole."""
_HELP = "correct the line and run the folder again; all other lines were used"
_STUB = ("resourceType", "id", "subject", "patient", "beneficiary")
"""All that is kept of a resource nobody reads: that it is there, and whose it is."""
_MUCH = 1024 * 1024
"""Bytes written to the store at a time."""
TABLES = """
create table resource (patient text not null, file integer not null, line integer not null, body blob not null);
create table shared (address text primary key, body blob not null) without rowid;
"""


@dataclass
class Counts:
    """What became of a run."""

    lines: int = 0
    failed: int = 0
    """Lines that could not be used, and patients that could not be decided."""
    patients: int = 0
    decided: int = 0
    kept: int | None = None
    """Decisions that stand in the decision log; None: none was to be kept."""

    @property
    def holds(self) -> bool:
        """Whether nothing failed and everything that was to be kept is kept."""
        return self.failed == 0 and self.kept in (None, self.decided)

    @property
    def result(self) -> str:
        kept = "" if self.kept is None else f", {self.kept} kept"
        return (
            f"{self.decided} of {self.patients} patients decided{kept}, "
            f"{self.lines} lines read, {self.failed} failed"
        )


def decide_folder(
    folder: Path,
    out: IO[str],
    errors: IO[str],
    *,
    pathway: str,
    on: dt.date,
    settings: str = "default",
    changed: Mapping[str, Decimal] | None = None,
    keep: Keep | None = None,
) -> Counts:
    """Decide every patient of the Bulk Data files in *folder*; one line each to *out*, one for each fault to *errors*.

    A patient's line is `{"patient": id, "decision": {...}}`, in the order of the ids; a fault is an OperationOutcome
    with file, line and code, and nothing of what the line holds. One bad line never stops the run. *keep* is handed
    every decision before it is written; whether it could be kept changes only the count.

    Raises InputError when the folder holds no such file.
    """
    files = sorted(each for each in folder.glob(f"*{ENDING}") if each.is_file())
    if not files:
        raise InputError(
            Problem(
                code="no-records", message=f"the folder holds no file that ends in {ENDING}",
                help="name the folder of a Bulk Data export: Patient.000.ndjson and its like",
                where="FOLDER",
            )
        )  # fmt: skip
    counts = Counts(kept=None if keep is None else 0)
    fault = Faults(files, errors, counts)
    with (
        tempfile.TemporaryDirectory(prefix="steppedcare-") as place,
        closing(sqlite3.connect(Path(place) / "records.sqlite", isolation_level=None)) as store,
    ):
        # The store is thrown away with the run: nothing in it needs to survive a crash.
        store.executescript(f"pragma journal_mode=off; pragma synchronous=off; {TABLES}")
        fill(store, files, fault, counts)
        store.execute("create index by_patient on resource (patient, file, line)")
        for patient, place_of, resources in gathered(store, fault):
            counts.patients += 1
            try:
                record = read_record(
                    resources,
                    subject=patient,
                    on=on,
                    pathway=get_pathway(pathway),
                    codes=get_codes(pathway),
                    settings=settings,
                )
                decision = decide_input(pathway, record.input, on, changed)
            except SteppedCareError as error:
                fault(*place_of, error.code, error.problems[0].message)
            except Exception as error:
                # Somebody else's message may hold what the record told us.
                fault(*place_of, "internal", f"something went wrong here ({type(error).__name__})")
            else:
                counts.decided += 1
                id, written = json.dumps(patient, ensure_ascii=False), decision.model_dump_json()
                if keep is not None:
                    counts.kept = (counts.kept or 0) + keep(f"{written}\n", patient)
                out.write(f'{{"patient":{id},"decision":{written}}}\n')
    return counts


class Faults:
    """Writes one OperationOutcome for each fault and counts it."""

    def __init__(self, files: list[Path], errors: IO[str], counts: Counts) -> None:
        self.files, self.errors, self.counts = files, errors, counts

    def __call__(self, file: int, line: int, code: str, message: str) -> None:
        self.counts.failed += 1
        problem = Problem(
            code=code, message=message, help=_HELP, where=f"{self.files[file].name}:{line}"
        )
        self.errors.write(json.dumps(operation_outcome([problem]), ensure_ascii=False) + "\n")


def fill(store: sqlite3.Connection, files: list[Path], fault: Faults, counts: Counts) -> None:
    """Put every line that can be used into the store, by patient."""
    store.execute("begin")
    waiting: list[tuple[str, int, int, bytes]] = []
    held = 0
    for at, file in enumerate(files):
        for line, data in _lines(file):
            if data is not None and not data.strip():
                continue
            counts.lines += 1
            if data is None:
                fault(at, line, "too-large", f"the line is over {RECORD_BYTES // 1024} KiB")
                continue
            try:
                body = read_json(data, RECORD_BYTES, RECORD)
            except InputError as error:
                fault(at, line, error.code, error.problems[0].message)
                continue
            kind = text(mapping(body).get("resourceType"))
            if kind not in KNOWN:
                fault(at, line, "not-a-resource", "the line is no FHIR R4 resource")
            elif kind in SUPPORT:
                for address in _addresses(kind, body):
                    store.execute("insert or replace into shared values (?, ?)", (address, data))
            elif patient := _patient_of(kind, body):
                if kind not in READ:
                    stub = {key: body[key] for key in _STUB if key in body}
                    data = json.dumps(stub, default=str).encode()
                waiting.append((patient, at, line, data))
                held += len(data)
            elif kind in READ:
                fault(at, line, "no-patient", "nobody can tell which patient the resource is about")
            if held > _MUCH:
                store.executemany("insert into resource values (?, ?, ?, ?)", waiting)
                waiting.clear()
                held = 0
    store.executemany("insert into resource values (?, ?, ?, ?)", waiting)
    store.execute("commit")


def _lines(file: Path) -> Iterator[tuple[int, bytes | None]]:
    """Yield the lines of *file* by number; None for one that is too long to be held."""
    with file.open("rb") as source:
        for number in itertools.count(1):
            data = source.readline(_LONGEST)
            if not data:
                return
            if len(data) < _LONGEST or data.endswith(b"\n"):
                yield number, data
                continue
            while (rest := source.readline(_LONGEST)) and not rest.endswith(b"\n"):
                pass
            yield number, None


def _patient_of(kind: str, body: dict[str, Any]) -> str:
    """Return the id of the patient a resource is about; empty when it does not say."""
    if kind == "Patient":
        return text(body.get("id"))
    reference = mapping(subject_of(body))
    parsed = parse_reference(text(reference.get("reference")))
    is_patient = parsed.kind == "Patient" or parsed.base == "urn"
    return parsed.id if is_patient else ""


def _addresses(kind: str, body: dict[str, Any]) -> list[str]:
    """Return what a resource that several patients share is looked up by."""
    found = [f"{kind}/{id}"] if (id := text(body.get("id"))) else []
    return found + ([url] if (url := text(body.get("url"))) else [])


def gathered(
    store: sqlite3.Connection, fault: Faults
) -> Iterator[tuple[str, tuple[int, int], list[Any]]]:
    """Yield every patient with the place of its first line and all its resources, shared ones included."""
    rows = store.execute(
        "select patient, file, line, body from resource order by patient, file, line"
    )
    for patient, group in itertools.groupby(rows, key=lambda row: str(row[0])):
        place: tuple[int, int] | None = None
        resources: list[Any] = []
        for _, file, line, data in group:
            place = place or (file, line)
            resources.append(json.loads(data, parse_float=Decimal))
        wanted = {address for each in resources for address in _wanted(each)}
        for address in sorted(wanted):
            row = store.execute("select body from shared where address = ?", (address,)).fetchone()
            if row is not None:
                resources.append(json.loads(row[0], parse_float=Decimal))
        yield patient, place or (0, 0), resources


def _wanted(body: dict[str, Any]) -> Iterator[str]:
    """Yield the addresses of what *body* refers to and several patients may share."""
    for holder in objects(body.get("medicationReference")):
        parsed = parse_reference(text(holder.get("reference")))
        if parsed.kind in SUPPORT:
            yield f"{parsed.kind}/{parsed.id}"
    if isinstance(body.get("questionnaire"), str):
        yield body["questionnaire"].partition("|")[0]
