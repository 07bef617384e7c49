"""Days, decimals, spellings and doubled rows mean in columns exactly what they mean at the bedside."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from rules.check import Checker
from rules.columns.reading import read
from rules.columns.reading.exact import (
    bound,
    date_of,
    first_day,
    last_day,
    nearest,
    rounded,
    units,
)
from rules.columns.reading.vocabulary import plain_column
from rules.decide import Decider
from rules.derive import read_patient
from rules.leaves import bound_of
from schemas.condition import Compare
from schemas.errors import InputError
from schemas.facts import FactKind, parse_partial_date
from schemas.pathway import Pathway, plain_spelling
from tests.conftest import ON
from tests.red_answers import red_answers
from tests.unit.columns.cohorts import connected, raw_tables, tables

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
ENGINES = ("polars", "duckdb")
PARTIAL = (
    "1900", "1900-02", "2000-02", "2023-02", "2024-02", "2100-02", "2199", "2199-12", "2024-02-29",
    *(f"2026-{month:02d}" for month in range(1, 13)), "1999-12-31",
)  # fmt: skip


def _run(backend: str, **columns: Any) -> Any:
    """Return a runner of one expression over a small table."""

    def run(**expressions: Any) -> list[dict[str, Any]]:
        with connected(backend) as engine:
            table = ibis.memtable(pa.table(columns))
            wanted = {name: make(table) for name, make in expressions.items()}
            rows: list[dict[str, Any]] = engine.to_pyarrow(table.select(**wanted)).to_pylist()
            return rows

    return run


@pytest.mark.parametrize("backend", ENGINES)
def test_a_partial_date_is_the_same_interval_of_days(backend: str) -> None:
    run = _run(backend, text=[*PARTIAL, None])
    rows = run(
        first=lambda t: date_of(first_day(t["text"])), last=lambda t: date_of(last_day(t["text"]))
    )
    known = [parse_partial_date(text) for text in PARTIAL]
    expected = [{"first": day.earliest, "last": day.latest} for day in known]
    assert rows == [*expected, {"first": None, "last": None}]


@pytest.mark.parametrize("backend", ENGINES)
@pytest.mark.parametrize("kind", [pa.float64(), pa.decimal128(12, 4)], ids=["double", "decimal"])
def test_every_decimal_a_fact_may_have_becomes_the_double_nearest_to_it(
    backend: str, kind: pa.DataType
) -> None:
    tenths = [Decimal(n) / 10 for n in range(300, 441)]
    odd = [Decimal(n) / 10_000 for n in range(1, 50_000_000, 33_331)]
    whole = [Decimal(n) for n in (0, 1, 5000)]
    numbers = [*tenths, *odd, *whole]
    given = [float(n) for n in numbers] if kind == pa.float64() else numbers
    run = _run(backend, number=pa.array(given, kind))
    rows = run(
        whole=lambda t: rounded(t["number"], 4), counted=lambda t: nearest(units(t["number"], 4), 4)
    )
    assert [row["whole"] for row in rows] == [float(number) for number in numbers]
    assert [row["counted"] for row in rows] == [float(number) for number in numbers]


@pytest.mark.parametrize("backend", ENGINES)
def test_one_decimal_alone_becomes_the_double_nearest_to_it(backend: str) -> None:
    for number in (Decimal("30.2"), Decimal("37.8"), Decimal("1.4")):
        run = _run(backend, number=pa.array([int(number * 10_000)], pa.int64()))
        assert run(found=lambda t: nearest(t["number"], 4)) == [{"found": float(number)}]


def _bounds(decider: Decider, pathway: Pathway) -> set[Decimal]:
    settings = decider.voices.settings("default")
    ranges = [number for s in pathway.settings.values() for number in (s.minimum, s.maximum)]
    bounds = {
        bound_of(leaf, settings)
        for leaf in decider.network.leaves
        if isinstance(leaf, Compare)
        and pathway.definition(leaf.fact).kind in (FactKind.DECIMAL, FactKind.INTEGER)
    }
    return bounds | set(ranges) | set(settings.values())


@pytest.mark.parametrize("backend", ENGINES)
def test_a_number_beside_or_on_a_bound_compares_as_the_decimals_do(
    backend: str, decider: Decider, pathway: Pathway
) -> None:
    step = Decimal("0.0001")
    bounds = sorted(_bounds(decider, pathway))
    numbers = [number + shift for number in bounds for shift in (-step, Decimal(0), step)]
    run = _run(backend, number=pa.array([float(n) for n in numbers], pa.float64()))

    def compared(limit: Decimal) -> Any:
        return lambda t: rounded(t["number"], 4) >= bound(limit)

    def equal(limit: Decimal) -> Any:
        return lambda t: rounded(t["number"], 4) == bound(limit)

    wanted = {f"least{at}": compared(limit) for at, limit in enumerate(bounds)}
    wanted |= {f"equal{at}": equal(limit) for at, limit in enumerate(bounds)}
    for number, row in zip(numbers, run(**wanted), strict=True):
        for at, limit in enumerate(bounds):
            assert row[f"least{at}"] == (number >= limit)
            assert row[f"equal{at}"] == (number == limit)


def test_a_bound_with_more_digits_than_a_double_tells_apart_is_refused() -> None:
    with pytest.raises(InputError, match="more digits"):
        bound(Decimal("0.1234567890123456"))


@pytest.mark.parametrize("backend", ENGINES)
def test_a_medicine_is_recognised_in_the_same_spellings(backend: str, pathway: Pathway) -> None:
    names = [m.id for m in pathway.medicines.values()]
    odd = [
        "Tramadol  HCL", " tramadol ", "Ibu-profen", "IBU\u00a0PROFEN", "a\u2003b", "PREGABAL\u0130N", "Stra\u00dfe",
        "\u00c4\u00d6\u00dc", "a - b", "--a--", "\u1e9e", "\u212a",
    ]  # fmt: skip
    run = _run(backend, name=[*names, *odd, None])
    rows = run(plain=lambda t: plain_column(t["name"]))
    assert [r["plain"] for r in rows] == [*(plain_spelling(n) for n in [*names, *odd]), None]


def _read_both(
    data: list[dict[str, Any]], pathway: Pathway, checker: Checker, decider: Decider, engine: str
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return, for each input, its row of the reading table and what the bedside reads."""
    settings = decider.voices.settings("default")
    found = tables([(str(at), each) for at, each in enumerate(data)], pathway)
    assert found["problems"].num_rows == 0
    with connected(engine) as connection:
        table: ir.Table = read(raw_tables(found), pathway, settings)
        rows = {r["patient"]: r for r in connection.to_pyarrow(table).to_pylist()}
    known = [read_patient(pathway, checker.check(each, ON), settings).values for each in data]
    return [(rows[str(at)], values) for at, values in enumerate(known)]


def _with(name: str, *rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"facts": {}, "on": "2026-03-01", name: list(rows), **more}


MORPHINE = {"agent": "morphine", "dose_mg_per_day": 30}
EPIDURAL = {"treatment": "epidural-steroid-injection", "ended": "2026-01-10"}
FUSION = {"procedure": "fusion", "region": "lumbar", "for_pain": True}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_easily_read_wrongly_is_read_as_at_the_bedside(
    engine: str, pathway: Pathway, checker: Checker, decider: Decider
) -> None:
    cases = {
        "a dose written twice counts once": _with("medications", MORPHINE, dict(MORPHINE)),
        "30 and 30.0 are one dose": _with("medications", MORPHINE, {**MORPHINE, "dose_mg_per_day": 30.0}),
        "active is understood": _with("medications", MORPHINE, {**MORPHINE, "status": "active"}),
        "two doses add up": _with("medications", MORPHINE, {**MORPHINE, "dose_mg_per_day": 10}),
        "a dose without a factor": _with("medications", {"agent": "buprenorphine", "dose_mg_per_day": 8}),
        "a medicine nobody knows": _with("medications", {"agent": "unheard of"}),
        "stopped today": _with("medications", {**MORPHINE, "stopped": "2026-03-01"}),
        "stopped yesterday": _with("medications", {**MORPHINE, "stopped": "2026-02-28"}),
        "stopped this month": _with("medications", {**MORPHINE, "stopped": "2026-03"}),
        "begins tomorrow": _with("medications", {**MORPHINE, "started": "2026-03-02"}),
        "begins this year": _with("medications", {**MORPHINE, "started": "2026"}),
        "one start unknown": _with("medications", {**MORPHINE, "started": "2026-01"}, MORPHINE),
        "a month and a day in it": _with(
            "medications", {**MORPHINE, "started": "2026-01"}, {"agent": "oxycodone", "started": "2026-01-31"}
        ),
        "the list lacks something": _with(
            "medications", {**MORPHINE, "started": "2026-01-31"}, incomplete=["medications"]
        ),
        "sessions with the same date": _with("trials", {**EPIDURAL, "sessions": 2}, {**EPIDURAL, "side": "left"}),
        "no number of sessions": _with("trials", EPIDURAL, dict(EPIDURAL)),
        "no date": _with("trials", EPIDURAL, {"treatment": EPIDURAL["treatment"]}),
        "the last day that counts": _with("trials", {**EPIDURAL, "ended": "2025-03-01"}),
        "the first that does not": _with("trials", {**EPIDURAL, "ended": "2025-02-28"}),
        "started but not ended": _with("trials", {"treatment": "epidural-steroid-injection", "started": "2025-12"}),
        "no trial at all": _with("trials"),
        "an empty list that lacks something": _with("trials", incomplete=["trials"]),
        "two fusions, same day, other results": _with(
            "surgeries", {**FUSION, "date": "2024-05-01", "result": "worse"},
            {**FUSION, "date": "2024-05-01", "result": "partial"},
        ),
        "one written twice and one before": _with(
            "surgeries", {**FUSION, "date": "2024-05-01", "result": "worse"},
            {**FUSION, "date": "2024-05-01", "result": "worse"}, {**FUSION, "date": "2020", "result": "partial"},
        ),
        "the last lies in the year of another": _with(
            "surgeries", {**FUSION, "date": "2024", "result": "worse"},
            {**FUSION, "date": "2024-05-01", "result": "partial"},
        ),
        "results agree though dates are missing": _with(
            "surgeries", {**FUSION, "result": "worse"}, {**FUSION, "date": "2024", "result": "worse"}
        ),
        "a region nobody wrote down": _with("surgeries", {"procedure": "fusion", "date": "2024"}),
        "an operation this month": _with("surgeries", {**FUSION, "date": "2026-03"}),
    }  # fmt: skip
    both = _read_both(list(cases.values()), pathway, checker, decider, engine)
    for title, (row, values) in zip(cases, both, strict=True):
        for name in pathway.derivations:
            assert _cell(row, name) == _value(values.get(name)), (title, name)
        assert _cell(row, "mme_per_day") == _value(values.get("mme_per_day")), title


def _cell(row: dict[str, Any], name: str) -> Any:
    if f"{name}__from" in row:
        first, last = row[f"{name}__from"], row[f"{name}__to"]
        return None if first is last is None else (first, last)
    return row[name]


def _value(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else _span(value)


def _span(value: Any) -> Any:
    return (value.earliest, value.latest) if hasattr(value, "earliest") else value


def test_an_answer_past_its_shelf_life_is_unknown_the_day_after(
    pathway: Pathway, checker: Checker, decider: Decider
) -> None:
    shelf = pathway.facts["bladder_disturbance"].shelf_days
    assert shelf is not None
    dates = [(ON - dt.timedelta(days=shelf + days)).isoformat() for days in (0, 1)]
    data = [
        {"facts": {"bladder_disturbance": {"value": "new", "date": date}}, "on": ON.isoformat()}
        for date in dates
    ]
    for engine in ENGINES:
        both = _read_both(data, pathway, checker, decider, engine)
        assert [row["bladder_disturbance"] for row, _ in both] == ["new", None]
        assert [values.get("bladder_disturbance") for _, values in both] == ["new", None]


@pytest.mark.hazard("H-01")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_red_sign_of_a_month_or_a_year_counts_in_columns_where_it_counts_at_the_bedside(
    engine: str, pathway: Pathway, checker: Checker, decider: Decider
) -> None:
    answers = [
        (fact, value, date)
        for fact, *values in red_answers(pathway)
        for value in values
        for date in ("2026", "2026-03", "2026-02", "2026-01", "2025", "2026-02-28")
    ]
    data = [
        {"facts": {fact: {"value": value, "date": date}}, "on": ON.isoformat()}
        for fact, value, date in answers
    ]
    both = _read_both(data, pathway, checker, decider, engine)

    for (fact, value, date), (row, values) in zip(answers, both, strict=True):
        assert _cell(row, fact) == _value(values.get(fact)), (fact, value, date)
    assert any(row[fact] is None for (fact, _, _), (row, _) in zip(answers, both, strict=True))
