"""Inputs as a client sends them turned into raw tables; what no column can hold is named, its patient left out.

Only shapes are looked at here: types, unknown fields, values no column can hold. Ranges, words, dates and
contradictions are columns' business (`check.problems`). Whole inputs are compared with the set of allowed
(field, type) pairs at once and columns are picked one by one, so that hardly any Python runs per fact.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import repeat
from types import NoneType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rules.check import KEYS, MOST_ROWS
from rules.columns.reading.tables import EMPTY, INCOMPLETE, LIST_NAMES, WHOLE
from schemas.facts import FactKind
from schemas.pathway import Pathway

_ROW_LISTS = (*LIST_NAMES, "overrides")
_ARROW = {
    FactKind.BOOLEAN: pa.bool_(),
    FactKind.INTEGER: pa.int64(),
    FactKind.DECIMAL: pa.float64(),
}
_TEXT = pa.string()
_BLOCK = 64
"""Patients picked apart together: few enough to be still near at hand, which is three times as fast."""
_KEYS = frozenset(KEYS)
_ENTRY = frozenset({"value", "date", "source", "unknown"})


def _python_types(kind: pa.DataType) -> tuple[type, ...]:
    if pa.types.is_boolean(kind):
        return (bool,)
    if pa.types.is_integer(kind):
        return (int,)
    return (int, float, Decimal) if pa.types.is_floating(kind) else (str,)


def _pairs(kinds: dict[str, pa.DataType], *more: type) -> frozenset[tuple[str, type]]:
    return frozenset(
        (name, each)
        for name, kind in kinds.items()
        for each in (*_python_types(kind), NoneType, *more)
    )


def raw_of(
    inputs: Iterable[tuple[str, dict[str, Any]]],
    pathway: Pathway,
    today: dt.date,
    profile: str = "default",
) -> dict[str, pa.Table]:
    """Return the raw tables of *inputs*, and `problems` (`patient`, `code`, `where`) for those left out.

    Inputs are what a JSON reader gives: dicts, lists, plain values. *today* stands in where an input has no `on`. A
    cohort is read under one *profile* of settings: an input that asks for another is a problem. `not_used` has no
    column; the answers of a cohort do not repeat it.
    """
    filler = _Filler(pathway, today, profile)
    for patient, data in inputs:
        filler.add(patient, data)
    return filler.tables()


class _Filler:
    """Patients gathered one after the other, turned into columns at the end."""

    def __init__(self, pathway: Pathway, today: dt.date, profile: str) -> None:
        self.today, self.profile = today, profile
        self.kinds = {n: _ARROW.get(d.kind, _TEXT) for n, d in pathway.facts.items()}
        self.plain, self.entries = _pairs(self.kinds), _pairs(self.kinds, dict)
        self.fields = {
            name: {f.name: f.type for f in EMPTY[name].to_pyarrow() if f.name not in ("patient", "row")}
            for name in _ROW_LISTS
        }  # fmt: skip
        self.row_pairs = {name: _pairs(fields) for name, fields in self.fields.items()}
        self.patients: list[str] = []
        self.on: list[dt.date] = []
        self.lists: dict[str, list[str | None]] = {name: [] for name in LIST_NAMES}
        self.facts: dict[str, list[Any]] = {name: [] for name in self.kinds}
        self.rows: dict[str, dict[str, list[Any]]] = {
            name: {column: [] for column in EMPTY[name]} for name in _ROW_LISTS
        }
        self.fact_block: list[dict[str, Any]] = []
        self.row_blocks: dict[str, list[dict[str, Any]]] = {name: [] for name in _ROW_LISTS}
        self.dated: dict[str, dict[int, Any]] = {}
        """Sparse columns `<fact>__date` and `<fact>__unknown`, by the number of the patient."""
        self.days: dict[str, dt.date | None] = {}
        self.problems: list[tuple[str, str, str]] = []

    def problem(self, code: str, where: str) -> None:
        self.problems.append((self.patients[-1], code, where))

    def add(self, patient: str, data: Any) -> None:
        self.patients.append(patient)
        if type(data) is not dict:
            self.problem("wrong-type", "$")
            data = {"facts": {}}
        if not data.keys() <= _KEYS:
            self.problem("unknown-field", "$")
        on = data.get("on")
        day = self.today if on is None else self.day(on)
        if day is None:
            self.problem("not-a-date", "on")
        self.on.append(day or self.today)
        self.fact_block.append(self.facts_of(data))
        partial = self.incomplete(data.get("incomplete"))
        for name in LIST_NAMES:
            given = self.list_of(name, data.get(name))
            part = INCOMPLETE if name in partial else WHOLE
            self.lists[name].append(part if given else None)
        self.list_of("overrides", data.get("overrides"))
        profile = data.get("settings")
        if profile is not None and profile != self.profile:
            self.problem("other-settings", "settings")
        if len(self.fact_block) == _BLOCK:
            self.pick()

    def pick(self) -> None:
        """Pick the waiting patients apart into columns."""
        for name, values in self.facts.items():
            values.extend(map(dict.get, self.fact_block, repeat(name)))
        self.fact_block.clear()
        for name, rows in self.row_blocks.items():
            for field in self.fields[name] if rows else ():
                self.rows[name][field].extend(map(dict.get, rows, repeat(field)))
            rows.clear()

    def day(self, text: Any) -> dt.date | None:
        """Return the day that *text* names, or None."""
        if type(text) is not str or len(text) != 10:
            return None
        if text not in self.days:
            try:
                day = dt.date.fromisoformat(text) if text[4] == text[7] == "-" else None
            except ValueError:
                day = None
            self.days[text] = day
        return self.days[text]

    def facts_of(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the bare values of an input, dates and reasons put aside."""
        facts = data.get("facts")
        if type(facts) is not dict:
            self.problem("wrong-type" if "facts" in data else "missing-field", "facts")
            return {}
        if self.plain.issuperset(zip(facts, map(type, facts.values()), strict=True)):
            return facts
        bare = facts.copy()
        for name, value in facts.items():
            if type(value) is dict and name in self.kinds:
                bare[name] = self.entry(name, value)
        if not self.plain.issuperset(zip(bare, map(type, bare.values()), strict=True)):
            for name, value in facts.items():
                if name not in self.kinds:
                    self.problem("unknown-field", "facts")
                elif (name, type(value)) not in self.entries:
                    self.problem("wrong-type", f"facts.{name}")
            return {}
        return bare

    def entry(self, name: str, entry: dict[str, Any]) -> Any:
        """Return the value of an entry; keep its date, or the reason why there is no value."""
        if not entry.keys() <= _ENTRY:
            self.problem("unknown-field", f"facts.{name}")
        value = entry.get("value")
        if (name, type(value)) not in self.plain:
            self.problem("wrong-type", f"facts.{name}.value")
            value = None
        for field in ("date", "unknown", "source"):
            text = entry.get(field)
            if text is None:
                continue
            if type(text) is not str:
                self.problem("wrong-type", f"facts.{name}.{field}")
            elif field != "source":
                self.dated.setdefault(f"{name}__{field}", {})[len(self.patients) - 1] = text
        return value

    def incomplete(self, names: Any) -> tuple[Any, ...]:
        if names is None:
            return ()
        if type(names) is not list:
            self.problem("wrong-type", "incomplete")
            return ()
        for at, name in enumerate(names):
            if name not in LIST_NAMES:
                self.problem("not-a-choice", f"incomplete[{at}]")
        return tuple(names)

    def list_of(self, name: str, rows: Any) -> bool:
        """Take the rows of one list and tell whether it was given."""
        if rows is None:
            return False
        if type(rows) is not list or len(rows) > MOST_ROWS:
            self.problem("too-many-items" if type(rows) is list else "wrong-type", name)
            return False
        pairs, columns, patient = self.row_pairs[name], self.rows[name], self.patients[-1]
        for at, row in enumerate(rows):
            if type(row) is not dict:
                self.problem("wrong-type", f"{name}[{at}]")
            elif pairs.issuperset(zip(row, map(type, row.values()), strict=True)):
                columns["patient"].append(patient)
                columns["row"].append(at)
                self.row_blocks[name].append(row)
            else:
                self.bad_row(f"{name}[{at}]", row, name)
        return True

    def bad_row(self, where: str, row: dict[str, Any], name: str) -> None:
        if not row.keys() <= self.fields[name].keys():
            self.problem("unknown-field", where)
        for field in self.fields[name]:
            if (field, type(row.get(field))) not in self.row_pairs[name]:
                self.problem("wrong-type", f"{where}.{field}")

    def tables(self) -> dict[str, pa.Table]:
        """Return what was gathered, without the patients that had a problem."""
        self.pick()
        found = {"patients": pa.table(dict(self.patient_columns()))}
        found |= {name: self.rows_table(name) for name in _ROW_LISTS}
        bad = pa.array(sorted({patient for patient, _, _ in self.problems}), _TEXT)
        if len(bad):
            found = {n: t.filter(pc.invert(pc.is_in(t["patient"], bad))) for n, t in found.items()}
        fields = ("patient", "code", "where")
        parts = zip(*self.problems, strict=True) if self.problems else ((), (), ())
        found["problems"] = pa.table(
            {n: pa.array(list(part), _TEXT) for n, part in zip(fields, parts, strict=True)}
        )
        return found

    def patient_columns(self) -> Iterator[tuple[str, pa.Array]]:
        yield "patient", pa.array(self.patients, _TEXT)
        yield "on", pa.array(self.on, pa.date32())
        for name, states in self.lists.items():
            yield f"{name}__list", pa.array(states, _TEXT)
        for name, kind in self.kinds.items():
            array = self.array(self.facts[name], kind, self.patients, repeat(f"facts.{name}"))
            if array.null_count < len(array):
                yield name, array
        for name, sparse in sorted(self.dated.items()):
            values: list[Any] = [None] * len(self.patients)
            for at, text in sparse.items():
                values[at] = text
            where = repeat(f"facts.{name.replace('__', '.')}")
            yield name, self.array(values, _TEXT, self.patients, where)

    def rows_table(self, name: str) -> pa.Table:
        rows = self.rows[name]
        columns = {
            "patient": pa.array(rows["patient"], _TEXT),
            "row": pa.array(rows["row"], pa.int64()),
        }
        for field, kind in self.fields[name].items():
            where = (f"{name}[{at}].{field}" for at in rows["row"])
            columns[field] = self.array(rows[field], kind, rows["patient"], where)
        return pa.table(columns)

    def array(
        self, values: list[Any], kind: pa.DataType, owners: list[str], where: Iterable[str]
    ) -> pa.Array:
        """Return *values* as a column; what it cannot hold is a problem of its owner, at its *where*."""
        try:
            return _array(values, kind)
        except _UNFIT:
            fit = [_fits(value, kind) for value in values]
            for owner, place, fits in zip(owners, where, fit, strict=False):
                if not fits:
                    self.problems.append((owner, "wrong-type", place))
            return _array([v if fits else None for v, fits in zip(values, fit, strict=True)], kind)


_UNFIT = (OverflowError, UnicodeError, pa.ArrowException)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_floating(kind):
        # Python makes of a decimal the double nearest to it, which is what the columns are read back from.
        values = [None if value is None else float(value) for value in values]
    return pa.array(values, kind)


def _fits(value: Any, kind: pa.DataType) -> bool:
    """Tell whether a column can hold *value*: some integers are too big, some texts cannot be written."""
    try:
        _array([value], kind)
    except _UNFIT:
        return False
    return True
