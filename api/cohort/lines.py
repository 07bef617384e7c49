"""Cohorts that lie in lines: NDJSON of the product's own input with an added `patient`, and FHIR Bulk Data folders."""

from __future__ import annotations

import codecs
import datetime as dt
import io
import itertools
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from api.cohort.batches import LONGEST_ID, Batch, Faults, table_schema
from api.cohort.shape import CHILDREN, FILE, ID, NOT_USED, ROW, Kind, patient_kinds, row_kinds
from api.cohort.tables import SYNTHETIC
from api.strict_json import MOST_BYTES, read_json
from rules.columns.reading import raw_of
from schemas.errors import InputError, SteppedCareError
from schemas.pathway import Pathway

LINES_AT_A_TIME = 10_000


@dataclass(frozen=True)
class _Line:
    """One line or record: where it stands, whose it is, and its input, or the code of why there is none."""

    file: int
    line: int
    patient: str | None
    data: Any
    code: str = ""
    where: str = "$"


class _Lines:
    """Turns inputs into rows of the tables, in batches."""

    ignored: tuple[str, ...] = ()

    def __init__(self, pathway: Pathway, files: tuple[Path, ...], settings: str) -> None:
        """*settings* is the profile of the run; an input that asks for another one is a fault."""
        self.pathway, self.files, self.settings = pathway, files, settings
        kinds: dict[str, Mapping[str, Kind]] = {"patients": patient_kinds(pathway)}
        self.columns: Mapping[str, Mapping[str, Kind]] = kinds | {
            name: row_kinds(name) for name in CHILDREN
        }
        self._schemas = {name: table_schema(name, of) for name, of in self.columns.items()}
        self.synthetic = any((each.parent / f"{SYNTHETIC}.json").is_file() for each in files)

    def batches(self, day: str | None, today: str) -> Iterator[Batch]:
        """Yield all patients, always in the same order; *day* goes before an input's own date, *today* after it."""
        found = self._lines(day, today)
        while held := list(itertools.islice(found, LINES_AT_A_TIME)):
            yield from self._tables(held, day, today)

    def _lines(self, day: str | None, today: str) -> Iterator[_Line]:
        raise NotImplementedError

    def _tables(self, held: list[_Line], day: str | None, today: str) -> Iterator[Batch]:
        faults, places, unread = Faults(), {}, {}
        inputs: list[tuple[str, dict[str, Any]]] = []
        lines: list[_Line] = []
        for each in held:
            if each.patient is None or each.code:
                name = self.files[each.file].name
                faults.add(each.patient, name, each.line, each.code, each.where)
                continue
            if isinstance(each.data, dict):
                left = each.data.pop("not_used", None)
                unread[each.patient] = len(left) if isinstance(left, list) else 0
                if day is not None:
                    each.data["on"] = day
            places[each.patient] = each
            lines.append(each)
            inputs.append((each.patient, each.data))
        raw = raw_of(inputs, self.pathway, dt.date.fromisoformat(today), self.settings)
        for row in raw["problems"].to_pylist():
            place = places[row[ID]]
            name = self.files[place.file].name
            faults.add(row[ID], name, place.line, row["code"], row["where"])
        told, refused = faults.table(), set(raw["problems"][ID].to_pylist())
        for table, schema in self._schemas.items():
            rows = raw[table]
            ids = rows[ID].to_pylist()
            # An id may stand on two lines; both are then told, each by its own.
            own = [line for line in lines if line.patient not in refused]
            of = own if table == "patients" else [places[id] for id in ids]
            extra = {
                FILE: pa.array([line.file for line in of], pa.int32()),
                ROW: pa.array([line.line for line in of], pa.int64()),
                NOT_USED: pa.array([unread.get(id, 0) for id in ids], pa.int32()),
            }
            columns = [
                extra[field.name] if field.name in extra
                else rows[field.name].cast(field.type) if field.name in rows.column_names
                else pa.nulls(len(ids), field.type)
                for field in schema
            ]  # fmt: skip
            yield Batch(table, pa.table(columns, schema=schema), told)
            told = told.slice(0, 0)


class NdjsonSource(_Lines):
    """Reads one patient a line."""

    kind = "ndjson"

    def _lines(self, day: str | None, today: str) -> Iterator[_Line]:
        for at, file in enumerate(self.files):
            with file.open("rb") as source:
                for number in itertools.count(1):
                    data = source.readline(MOST_BYTES + 2)
                    if not data:
                        break
                    if number == 1:
                        data = data.removeprefix(codecs.BOM_UTF8)
                    if len(data) > MOST_BYTES and not data.endswith(b"\n"):
                        while (rest := source.readline(MOST_BYTES)) and not rest.endswith(b"\n"):
                            pass
                        yield _Line(at, number, None, None, "too-large")
                    elif data.strip():
                        yield _read(at, number, data)


class BulkSource(_Lines):
    """Reads a FHIR Bulk Data folder: resources are gathered by patient on disk, then each record becomes facts."""

    kind = "fhir"

    def _lines(self, day: str | None, today: str) -> Iterator[_Line]:
        from api.fhir import batch as bulk
        from api.fhir.reading import read_record
        from api.library import get_codes

        noted: list[_Line] = []

        class Noted(bulk.Faults):
            """Keeps what the batch door would write down."""

            def __call__(self, file: int, line: int, code: str, message: str) -> None:
                noted.append(_Line(file, line, None, None, code, "line"))

        on, counts = dt.date.fromisoformat(day or today), bulk.Counts()
        fault = Noted(list(self.files), io.StringIO(), counts)
        codes = get_codes(self.pathway.id)
        with (
            tempfile.TemporaryDirectory(prefix="steppedcare-") as place,
            closing(sqlite3.connect(Path(place) / "records.sqlite", isolation_level=None)) as store,
        ):
            store.executescript(f"pragma journal_mode=off; pragma synchronous=off; {bulk.TABLES}")
            bulk.fill(store, list(self.files), fault, counts)
            yield from noted
            store.execute("create index by_patient on resource (patient, file, line)")
            for id, (at, line), resources in bulk.gathered(store, fault):
                try:
                    record = read_record(
                        resources, subject=id, on=on, pathway=self.pathway, codes=codes,
                        settings=self.settings,
                    )  # fmt: skip
                    yield _Line(at, line, id, record.input)
                except SteppedCareError as error:
                    yield _Line(at, line, id, None, error.code, error.problems[0].where)
                except Exception as error:
                    # Somebody else's message may hold what the record told us.
                    yield _Line(at, line, id, None, "internal", type(error).__name__)


def _read(at: int, number: int, data: bytes) -> _Line:
    """Return one line of NDJSON: the id taken out of the input."""
    try:
        body = read_json(data)
    except InputError as error:
        return _Line(at, number, None, None, error.code, error.problems[0].where)
    id = body.pop(ID, None) if isinstance(body, dict) else None
    if isinstance(id, int) and not isinstance(id, bool):
        id = str(id)
    if isinstance(id, str) and 0 < len(id) <= LONGEST_ID and id.isprintable() and not {*id} & {*"<>"}:  # fmt: skip
        return _Line(at, number, id, body)
    return _Line(at, number, None, None, "missing-id", ID)
