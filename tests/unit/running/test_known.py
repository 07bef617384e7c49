"""What is known to be so: the list is up to date, and whatever is broken of it is noticed."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from api import reports
from api.library import get_pathway, get_vignettes
from api.running import self_test as module
from api.running.counters import Counters
from api.running.journal import open_journal
from api.running.known import differences, read_known
from api.running.self_test import OVERDUE, SelfTest
from tests.contract.doors import CANARY
from tests.unit.running.breaking import breaks, notices
from tests.unit.running.write_known import TARGET, found, written

pytestmark = [pytest.mark.hazard("H-14"), pytest.mark.hazard("H-36"), pytest.mark.hazard("H-55")]


def test_nothing_differs_from_what_is_known() -> None:
    assert [name for name in differences() if name] == []


def test_the_list_is_that_of_the_documents_as_they_are() -> None:
    """When this fails after a change that was meant: `python -m tests.unit.running.write_known`."""
    now, known = found(with_patients=False), read_known()

    assert written(known) == TARGET.read_text(encoding="utf-8")
    for id, part in now.items():
        assert part == {**known[id], "patients": []}


def test_every_rule_holds_for_a_known_patient() -> None:
    for id, part in read_known().items():
        held = {rule for patient in part["patients"] for rule in patient["holds"]}
        assert held == get_pathway(id).rules.keys()


def chosen() -> list[object]:
    """Return a few things to break, of every kind."""
    rng, kinds = random.Random("break"), {}
    for each in breaks():
        kinds.setdefault(each.kind, []).append(each)
    few = {"rule": 2, "file": 2}
    return [
        pytest.param(each, id=str(each))
        for kind, all_of_them in kinds.items()
        for each in rng.sample(all_of_them, few.get(kind, 8))
    ]


@pytest.mark.parametrize("one", chosen())
def test_what_is_broken_is_noticed(one: object) -> None:
    assert notices(one)  # type: ignore[arg-type]


# -- the self-test ---------------------------------------------------------------------------------


@pytest.fixture
def tested() -> SelfTest:
    return SelfTest(60, Counters(), open_journal())


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tested but what a test names."""
    monkeypatch.setattr(reports, "not_ready", lambda _: ())
    monkeypatch.setattr(module, "differences", lambda: iter(()))


def raising(*_: object) -> object:
    raise RuntimeError(CANARY)


def test_until_something_was_tested_the_service_is_not_ready(tested: SelfTest) -> None:
    assert tested.wrong == ("not-tested-yet",)
    assert not tested.has_passed


@pytest.mark.parametrize(
    ("where", "what", "wrong"),
    [
        ("not_ready", lambda _: ("", "V03"), ("V03",)),
        ("not_ready", raising, ("self-test",)),
        ("differences", lambda: iter(["", "rule-r1"]), ("rule-r1",)),
        ("differences", raising, ("self-test",)),
    ],
    ids=["a patient", "patients raise", "a rule", "the list raises"],
)
def test_what_is_wrong_is_named_and_what_breaks_the_test_is_wrong(
    where: str,
    what: Callable[..., object],
    wrong: tuple[str, ...],
    tested: SelfTest,
    quick: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(reports if where == "not_ready" else module, where, what)

    assert tested.once() == wrong
    assert tested.wrong == wrong
    assert not tested.has_passed
    assert b"steppedcare_self_test_ok 0.0" in tested._counters.text()
    assert CANARY not in capsys.readouterr().err


def test_a_self_test_lets_whoever_waits_have_a_turn_after_each_known_patient(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    breaths: list[float] = []
    tested = SelfTest(60, Counters(), open_journal())
    monkeypatch.setattr(tested._stop, "wait", breaths.append)

    assert tested.once() == ()
    looks = sum(len(vignette.looks) for vignette in get_vignettes("fbss"))
    assert len(breaths) >= looks + len(read_known()["fbss"]["patients"])


def test_a_self_test_that_no_longer_ends_makes_the_service_not_ready(
    tested: SelfTest, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tested.once() == ()
    assert tested.has_passed
    now = module.time.monotonic()
    monkeypatch.setattr(module.time, "monotonic", lambda: now + OVERDUE * 60 + 1)

    assert tested.wrong == ("self-test-overdue",)
