"""Every hazard leads to what stops it and to the test that shows it, or says what is missing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from api import hazard_report as report_module
from api.hazard_report import find_tests, hazard_report, load_hazards, marks_in
from api.library import get_pathway
from pathways.hazard_log import NO_TEST, matching, read_hazards, trace_problems
from rules.invariants import ELSEWHERE, INVARIANTS, RELATIONS
from schemas.errors import InputError, PathwayError
from schemas.hazards import HAZARD_IDS, HazardLog, Mark, Shows, Status
from schemas.provenance import Place

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
FILE = "hazards.yaml"
FILES = re.compile(r"(?<![\w.])(?:\.?[a-z_]+/)*(?:[\w.-]+\.(?:py|md|yaml|lock)|Makefile)")
RULES = ("bell-rung-in-fog", "lamp-lit-at-dusk")
LAWS = ("INV-L1", "INV-L2")


def document(**changed: dict[str, Any] | None) -> str:
    """Return a log of a lighthouse, all 75 hazards in place, with the entries *changed* (H01=...; None: left out)."""
    lines = "doors:\n  lamp: {title: lamp, module: lamp.py}\n  bell: {title: bell}\nhazards:".splitlines()
    for id in HAZARD_IDS:
        fields: dict[str, Any] = {
            "hazard": "a ship runs aground",
            "severity": 3,
            "area": "data",
            "status": "controlled",
            "control": "the lamp is lit (lamp.py)",
            "doors": "[lamp]",
        }
        more = changed.get(id.replace("-", ""), {})
        if more is not None:
            fields = {k: v for k, v in (fields | more).items() if v is not None}
            lines.append(f"  {id}: {{{', '.join(f'{k}: {v}' for k, v in fields.items())}}}")
    return "\n".join(lines) + "\n"


def lighthouse(**changed: dict[str, Any]) -> HazardLog:
    return read_hazards(document(**changed), FILE)


def mark(hazard: str, shows: Shows = Shows.CONTROL) -> Mark:
    return Mark(hazard=hazard, place=Place(file="t.py", line=7), test="t.py::test_it", shows=shows)


EVERY = tuple(mark(id) for id in HAZARD_IDS)
PARTLY = {"status": "partly", "remaining": "fog"}


# The log of this project.


def test_the_log_holds_every_hazard_from_1_to_75_once_and_in_order() -> None:
    assert len(HAZARD_IDS) == 75
    assert [hazard.id for hazard in load_hazards().hazards] == list(HAZARD_IDS)


@pytest.fixture(scope="module")
def marks() -> tuple[Mark, ...]:
    return tuple(marks_in(TESTS))


def test_every_hazard_leads_to_a_test_or_says_what_is_missing_and_names_only_what_exists(
    marks: tuple[Mark, ...],
) -> None:
    rules = get_pathway("fbss").rules
    laws = (*INVARIANTS, *RELATIONS, *ELSEWHERE)

    problems = trace_problems(load_hazards(), rules, laws, marks)

    assert not problems, "\n".join(map(str, problems))


def test_no_grave_hazard_is_called_controlled_without_a_test_that_shows_it(
    marks: tuple[Mark, ...],
) -> None:
    shown = {each.hazard for each in marks if each.shows is Shows.CONTROL}
    grave = [h for h in load_hazards().hazards if h.severity >= 4]

    assert len(grave) > 50
    assert [h.id for h in grave if h.status is Status.CONTROLLED and h.id not in shown] == []


def test_every_hazard_that_only_a_door_not_built_could_stop_is_open() -> None:
    log = load_hazards()

    waiting = {h.id for h in log.hazards if not any(log.doors[name].built for name in h.doors)}

    assert {h.id for h in log.hazards if h.id in waiting and h.status is not Status.OPEN} == set()


def test_every_file_a_control_or_a_door_names_exists() -> None:
    log = load_hazards()
    told = [(hazard.id, FILES.findall(hazard.control)) for hazard in log.hazards]
    told += [(door.id, [door.module]) for door in log.doors.values() if door.built]

    assert [(id, name) for id, names in told for name in names if not (ROOT / name).is_file()] == []
    nameless = [h.id for h in log.hazards if h.status is not Status.OPEN and not FILES.findall(h.control)]  # fmt: skip
    assert nameless == []


# A log that cannot be read.


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        pytest.param(document(H40=None), "missing-hazard", 4, id="a hazard is left out"),
        pytest.param(
            document() + "  H-76: {hazard: fog}\n", "unknown-hazard", 80, id="a hazard too many"
        ),
        pytest.param(
            document() + "  H-07: {hazard: fog}\n", "yaml", 80, id="a hazard stands twice"
        ),
        pytest.param(document(H07={"severity": 0}), "wrong-value", 11, id="severity 0"),
        pytest.param(document(H07={"severity": 6}), "wrong-value", 11, id="severity 6"),
        pytest.param(document(H07={"severity": "true"}), "wrong-value", 11, id="severity true"),
        pytest.param(document(H07={"severity": None}), "wrong-value", 11, id="no severity"),
        pytest.param(document(H07={"area": "fog"}), "wrong-value", 11, id="no such area"),
        pytest.param(document(H07={"status": "fine"}), "wrong-value", 11, id="no such status"),
        pytest.param(document(H07={"doors": "[]"}), "wrong-value", 11, id="no door"),
        pytest.param(document(H07={"doors": "[gate]"}), "unknown-door", 11, id="no such door"),
        pytest.param(document(H07={"statsu": "open"}), "unknown-key", 11, id="a mistyped key"),
        pytest.param(
            document(H07={"status": "open"}), "wrong-value", 11, id="open without a reason"
        ),
        pytest.param(
            document(H07={"status": "partly"}), "wrong-value", 11, id="partly without a reason"
        ),
        pytest.param(
            document(H07={"remaining": "fog"}), "wrong-value", 11, id="controlled, yet not quite"
        ),
        pytest.param(
            document(H07={**PARTLY, "control": None}), "wrong-value", 11, id="no control at all"
        ),
        pytest.param(document().replace("doors:", "gates:"), "unknown-key", 1, id="no doors"),
        pytest.param("[]", "wrong-shape", 1, id="a list"),
        pytest.param("doors: {}\nhazards: {H-01: fog}", "wrong-shape", 1, id="a text"),
    ],
)
def test_a_log_with_one_fault_is_refused_on_the_line_of_the_fault(
    text: str, code: str, line: int
) -> None:
    with pytest.raises(PathwayError) as caught:
        read_hazards(text, FILE)

    assert (caught.value.code, caught.value.problems[0].where) == (code, f"{FILE}:{line}")


def test_every_fault_of_a_log_is_told_at_once() -> None:
    with pytest.raises(PathwayError) as caught:
        read_hazards(document(H02={"severity": 9}, H03={"area": "fog"}, H75=None), FILE)

    assert [p.code for p in caught.value.problems] == ["wrong-value", "wrong-value", "missing-hazard"]  # fmt: skip


# A log that leads nowhere.


@pytest.mark.parametrize(
    ("log", "marks", "found"),
    [
        pytest.param(lighthouse(), EVERY, [], id="every hazard has a test"),
        pytest.param(
            lighthouse(), EVERY[1:], [("untested-control", "hazards.yaml:5")], id="one has none"
        ),
        pytest.param(
            lighthouse(H01={"severity": 5}), EVERY[1:], [("untested-control", "hazards.yaml:5")],
            id="a grave one has none",
        ),
        pytest.param(
            lighthouse(), (mark("H-01", Shows.NOTHING), *EVERY[1:]),
            [("untested-control", "hazards.yaml:5")], id="the only test of one is skipped",
        ),
        pytest.param(
            lighthouse(), (*EVERY, mark("H-02", Shows.FAULT)), [("known-fault", "hazards.yaml:6")],
            id="a test is expected to fail",
        ),
        pytest.param(lighthouse(H01=PARTLY), EVERY[1:], [], id="partly needs no test"),
        pytest.param(
            lighthouse(H01={**PARTLY, "remaining": NO_TEST}), EVERY[1:], [], id="and may say so"
        ),
        pytest.param(
            lighthouse(H01={**PARTLY, "remaining": NO_TEST}), EVERY,
            [("test-exists", "hazards.yaml:5")], id="but not once there is one",
        ),
        pytest.param(
            lighthouse(H01={"status": "open", "remaining": "fog", "control": None}), EVERY[1:], [],
            id="open needs neither control nor test",
        ),
        pytest.param(
            lighthouse(H01={"doors": "[lamp, bell]"}), EVERY, [("door-not-built", "hazards.yaml:5")],
            id="controlled at a door that is not built",
        ),
        pytest.param(
            lighthouse(H01={**PARTLY, "doors": "[bell]"}), EVERY,
            [("door-not-built", "hazards.yaml:5")], id="partly, at no door that is built",
        ),
        pytest.param(
            lighthouse(H01={**PARTLY, "doors": "[lamp, bell]"}), EVERY, [], id="partly, at one of two",
        ),
        pytest.param(
            lighthouse(H01={"rules": "[lamp-lit-at-dawn]"}), EVERY,
            [("unknown-rule", "hazards.yaml:5")], id="a rule that does not exist",
        ),
        pytest.param(
            lighthouse(H01={"rules": "['horn-*']"}), EVERY,
            [("unknown-rule", "hazards.yaml:5")], id="a pattern no rule fits",
        ),
        pytest.param(
            lighthouse(H01={"rules": "[bell-rung-in-fog, 'lamp-*']"}), EVERY, [],
            id="rules that exist",
        ),
        pytest.param(
            lighthouse(H01={"invariants": "[INV-L1, INV-L9]"}), EVERY,
            [("unknown-invariant", "hazards.yaml:5")], id="a law nobody states",
        ),
        pytest.param(
            lighthouse(), (*EVERY, mark("H-76")), [("unknown-hazard", "t.py:7")],
            id="a mark names no hazard",
        ),
        pytest.param(
            lighthouse(), (*EVERY, mark("H-1", Shows.NOTHING)), [("unknown-hazard", "t.py:7")],
            id="a mark on no test names no hazard",
        ),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_named_with_its_place(
    log: HazardLog, marks: Sequence[Mark], found: list[tuple[str, str]]
) -> None:
    problems = trace_problems(log, RULES, LAWS, marks)

    assert [(problem.code, problem.where) for problem in problems] == found


def test_where_the_tests_are_not_at_hand_only_the_rest_is_traced() -> None:
    log = lighthouse(H01={"rules": "[horn]"}, H02={**PARTLY, "remaining": NO_TEST})

    assert [problem.code for problem in trace_problems(log, RULES, LAWS, None)] == ["unknown-rule"]


def test_a_pattern_names_every_rule_that_fits_and_an_id_only_itself() -> None:
    assert matching("lamp-*", RULES) == ("lamp-lit-at-dusk",)
    assert matching("lamp", RULES) == ()


# Marks, found by reading the tests.


SAMPLE = """
import pytest
from pytest import mark as mark
pytestmark = [pytest.mark.hazard("H-01")]
ROWS = [pytest.param(1, marks=pytest.mark.hazard("H-02"))]
# @pytest.mark.hazard("H-99") in a comment, and in a text:
TEXT = '@pytest.mark.hazard("H-98")'
def test_of_a_module_with_a_mark(): pass
@pytest.mark.hazard("H-03")
@mark.hazard("H-04", "H-05")
def test_with_several_marks(): pass
@pytest.mark.hazard(id="H-06")
async def test_that_waits(): pass
@pytest.mark.parametrize("x", [pytest.param(1, marks=[pytest.mark.hazard("H-07")]), 2])
def test_with_a_marked_row(x): pass
@pytest.mark.hazard("H-08")
class TestTogether:
    pytestmark = pytest.mark.hazard("H-09")
    @pytest.mark.hazard("H-10")
    def test_inside(self): pass
    def unmarked(self): pass
@pytest.mark.hazard("H-11")
@pytest.mark.skip
def test_skipped(): pass
@pytest.mark.xfail(reason="known")
@pytest.mark.hazard("H-12")
def test_expected_to_fail(): pass
@pytest.mark.skipif(False, reason="no")
@pytest.mark.hazard("H-13")
def test_skipped_on_a_condition(): pass
@pytest.mark.hazard("H-14")
def no_test(): pass
class TestSkippedTogether:
    pytestmark = [pytest.mark.skip(reason="not now"), pytest.mark.hazard("H-15")]
    def test_inside(self): pass
@pytest.mark.parametrize("x", ROWS)
def test_with_rows_from_elsewhere(x): pass
"""

COLLECT = """
def pytest_collection_modifyitems(items):
    for item in items:
        names = {mark.name for mark in item.iter_markers()}
        shows = "nothing" if "skip" in names else "fault" if "xfail" in names else "control"
        for mark in item.iter_markers("hazard"):
            for id in (*mark.args, *mark.kwargs.values()):
                print("FOUND", id, item.nodeid.partition("[")[0], shows)
"""


def test_reading_finds_the_marks_that_pytest_finds(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_sample.py").write_text(SAMPLE)
    (folder / "conftest.py").write_text(COLLECT)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = hazard(id): a hazard\n")
    command = (sys.executable, "-m", "pytest", "--collect-only", "-qs", "-p", "no:cacheprovider")
    plain = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}

    done = subprocess.run(
        command, cwd=tmp_path, env=plain, capture_output=True, text=True, timeout=60, check=True
    )

    printed = {tuple(x.split()[1:]) for x in done.stdout.splitlines() if x.startswith("FOUND")}
    # Rows kept elsewhere are not followed: their mark counts for nothing until it stands at the test.
    printed.remove(("H-02", "tests/test_sample.py::test_with_rows_from_elsewhere", "control"))
    found = {(each.hazard, each.test, each.shows.value) for each in marks_in(folder)}
    assert found - printed == {("H-02", "", "nothing"), ("H-14", "", "nothing")}
    assert printed - found == set()
    assert len(printed) == 22


@pytest.mark.parametrize(
    ("name", "source", "hazard"),
    [
        ("test_a.py", "@pytest.mark.hazard(FOG)\ndef test_it(): pass", "FOG"),
        ("test_a.py", '@pytest.mark.hazard(f"H-{1}")\ndef test_it(): pass', "f'H-{1}'"),
        ("test_a.py", "@pytest.mark.hazard\ndef test_it(): pass", "pytest.mark.hazard"),
        ("test_a.py", "@pytest.mark.hazard()\ndef test_it(): pass", "pytest.mark.hazard"),
        ("test_a.py", '@pytest.mark.hazard("H-1")\ndef test_it(): pass', "H-1"),
        ("rows.py", 'ROW = pytest.param(marks=pytest.mark.hazard("H-1"))', "H-1"),
    ],
    ids=["a name", "a made-up text", "without an id", "empty", "a wrong id", "beside the tests"],
)
def test_a_mark_that_names_no_hazard_is_found_wherever_it_stands(
    tmp_path: Path, name: str, source: str, hazard: str
) -> None:
    (tmp_path / name).write_text(source)

    (found,) = marks_in(tmp_path)

    assert (found.hazard, found.place.line) == (hazard, 1)
    (problem,) = trace_problems(lighthouse(), RULES, LAWS, (*EVERY, found))
    assert (problem.code, problem.where) == ("unknown-hazard", f"{tmp_path.name}/{name}:1")


def test_a_test_that_is_not_python_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("# a hazard\ndef test_it(:\n")

    with pytest.raises(InputError) as caught:
        list(marks_in(tmp_path))

    assert caught.value.problems[0].where == f"{tmp_path.name}/test_a.py:2"


# The report.


def test_the_tests_that_lie_beside_the_program_are_found() -> None:
    assert find_tests() == TESTS


def test_the_report_lists_every_hazard_and_ends_with_what_the_log_says() -> None:
    log = load_hazards()

    lines, result, holds = hazard_report(TESTS)

    text = "\n".join(lines)
    for hazard in log.hazards:
        head = f"{hazard.id}  {hazard.status.value}, severity {hazard.severity}, {hazard.area.value}"  # fmt: skip
        assert lines.count(head) == 1
        assert " ".join(hazard.hazard.split()) in " ".join(text.split())
        assert " ".join(hazard.remaining.split()) in " ".join(text.split())
    number = {status: sum(h.status is status for h in log.hazards) for status in Status}
    assert sum(number.values()) == 75
    assert result == (
        f"{number[Status.CONTROLLED]} of 75 hazards controlled, "
        f"{number[Status.PARTLY]} partly, {number[Status.OPEN]} open"
    )
    assert holds, text[text.find("LEADS NOWHERE") :]
    assert f"test: tests/unit/test_hazards.py::{THIS}" in text


def test_without_the_tests_the_report_says_so_and_does_not_hold() -> None:
    lines, result, holds = hazard_report(None)

    assert lines[-1] == "tests cannot be listed: they are not installed beside the program"
    assert not any(line.strip().startswith("test: ") for line in lines)
    assert re.fullmatch(r"\d+ of 75 hazards controlled, \d+ partly, \d+ open", result)
    assert not holds


def test_a_log_that_leads_nowhere_does_not_hold_and_says_where(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = (ROOT / "pathways" / FILE).read_text(encoding="utf-8")
    broken = text.replace("[INV-C1, ", "[INV-C99, ")
    assert broken != text
    monkeypatch.setattr(report_module, "load_hazards", lambda: read_hazards(broken, FILE))

    lines, _, holds = hazard_report(TESTS)

    assert not holds
    assert any(line.startswith(f"unknown-invariant: {FILE}:") for line in lines)


@pytest.mark.hazard("H-35")
def test_no_rule_named_as_a_control_can_vanish_without_the_log_noticing() -> None:
    log = load_hazards()
    rules = set(get_pathway("fbss").rules)
    alone = {name for hazard in log.hazards for name in hazard.rules if name in rules}
    laws = (*INVARIANTS, *RELATIONS, *ELSEWHERE)

    missed = {name for name in alone if trace_problems(log, rules - {name}, laws, None)}

    assert len(alone) > 5
    assert missed == alone


THIS = test_no_rule_named_as_a_control_can_vanish_without_the_log_noticing.__name__
