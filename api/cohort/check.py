"""A sample decided again by the bedside engine: does every column say what the decision says?"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from api.cohort.answers import answer_of, answer_schema, guard, read_answers, same
from api.cohort.progress import Advance, bar
from api.cohort.records import inputs_of
from api.cohort.run import Run
from api.cohort.shape import DAY, ID
from api.service import decide_input


@dataclass
class Checked:
    """What a check has found: how many were compared, and how many differed in which column."""

    patients: int = 0
    differing: int = 0
    columns: dict[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        return [f"{name}: {count} differ" for name, count in sorted(self.columns.items())]


def check(run: Run, count: int) -> Checked:
    """Decide *count* patients of *run* again at the bedside and compare every column, order and all.

    The sample is the same in every run over the same input: those whose ids hash lowest, from all parts alike.
    """
    found = Checked()
    with bar("checking", count) as told:
        for bucket, share in _shares(run, count):
            answers = read_part(run, bucket)
            ids = sorted(answers[ID].to_pylist(), key=lambda id: zlib.crc32(id.encode(), 1))[:share]
            _compare(run, bucket, answers, set(ids), found, told)
    return found


def read_part(run: Run, bucket: int) -> pa.Table:
    """Return the answers of one part, whichever format they are in."""
    return read_answers(run.part(bucket), answer_schema(run.pathway))


def _shares(run: Run, count: int) -> Iterator[tuple[int, int]]:
    """Divide *count* among the parts by their sizes."""
    left, patients = count, run.manifest.count("patients")
    for bucket, part in sorted(run.manifest.parts.items()):
        share = min(part["patients"], -(-left * part["patients"] // patients)) if patients else 0
        patients -= part["patients"]
        left -= share
        if share:
            yield bucket, share


def _compare(
    run: Run, bucket: int, answers: pa.Table, ids: set[str], found: Checked, told: Advance
) -> None:
    """Compare the answers of *ids* with decisions made anew."""
    chosen = answers.filter(pc.is_in(answers[ID], value_set=pa.array(sorted(ids), pa.string())))
    rows = {row[ID]: row for row in chosen.to_pylist()}
    asked = run.chunk(bucket).only(ids, run.order.answers == "csv")
    for id, data in inputs_of(asked, run.pathway, run.order.settings):
        decision = decide_input(run.order.pathway, data, dt.date.min, run.order.changed)
        wanted = answer_of(guard(id) if run.order.answers == "csv" else id, decision, run.pathway)
        row = rows[wanted[ID]]
        row[DAY] = row[DAY].isoformat()
        other = [name for name, value in wanted.items() if not same(name, row[name], value)]
        found.patients += 1
        found.differing += bool(other)
        for name in other:
            found.columns[name] = found.columns.get(name, 0) + 1
        told(1)
