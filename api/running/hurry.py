"""The answer when there is no time: the red signs alone, by the compiled screen, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal

from rules.bare import bare_decision
from rules.decide import SURGICAL_TEXT, Decider
from rules.derive import read_patient, stated_only
from rules.evaluation import Evaluation
from rules.truth import TRUE, UNKNOWN
from schemas.decision import Decision
from schemas.errors import BusyError, Problem
from schemas.patient import Patient

LOAD, FAULT = "overload", "no-answer-in-time"
"""Why there is no time. In a fault every patient gets the bare answer, under load only one with an open red sign."""
_hurry: ContextVar[str | None] = ContextVar("hurry", default=None)


@contextmanager
def in_a_hurry(why: str) -> Iterator[None]:
    """Let whatever decides in this context, threads it starts included, answer for the red signs alone."""
    token = _hurry.set(why)
    try:
        yield
    finally:
        _hurry.reset(token)


def hurry() -> str | None:
    """Return why there is no time; None when there is."""
    return _hurry.get()


def decide_in_a_hurry(
    decider: Decider, patient: Patient, why: str, changed: Mapping[str, Decimal] | None = None
) -> Decision:
    """Return the bare decision for *patient*: red signs, incomplete, never routine.

    It asks neither the rule engine nor its lock. Raises BusyError under load for a patient without an open red
    sign, and SettingsError.
    """
    voices = decider.voices
    settings = voices.settings(patient.settings, changed)
    faults = [why]
    try:
        reading = read_patient(decider.pathway, patient, settings)
    except Exception:
        reading = stated_only(decider.pathway, patient)
        faults.append("reading")
    try:
        red = voices.compiled(settings)[1](reading.values, patient.on)
    except Exception:
        faults.append("red-sign-screen")
        red = voices.walk_red_signs(reading, settings, patient)
    if why == LOAD and red and red["red(any)"] != TRUE:
        raise busy()
    nodes = dict.fromkeys(decider.network.index, UNKNOWN) | red
    evaluation = Evaluation(patient, settings, reading, nodes, faults)
    return bare_decision(decider.pathway, evaluation, decider.engines, SURGICAL_TEXT)


def busy() -> BusyError:
    return BusyError(
        Problem(
            code="busy",
            message="more is asked here than can be answered in time",
            help="ask again after `Retry-After` seconds; nothing was decided",
            where="service",
        )
    )
