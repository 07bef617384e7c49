"""Judging treatment trials: one trial by the table of the documents, then all trials of one treatment together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from rules.evaluator import evaluate
from rules.leaves import Settings
from rules.truth import FALSE, TRUE, UNKNOWN
from schemas.pathway import Pathway
from schemas.patient import Trial

TOGETHER = (
    "partial",
    "failed",
    "worse",
    "intolerant",
    "worn-off",
    "running",
    "inadequate",
)
"""Which outcome counts for several trials of one treatment, first wins; one that helps and one unjudged come before."""


def judge(pathway: Pathway, trial: Trial, settings: Settings, on: dt.date) -> str | None:
    """Return the outcome of one trial, or None when what is recorded does not settle it.

    Rows of the outcome table are read from above; a row that is unknown stops the reading, because a later
    row could only be right if the unknown one were false.
    """
    values: dict[str, Any] = {
        name: getattr(trial, name) for name in pathway.trial_facts if name != "adequate"
    }
    values["adequate"] = _adequate(pathway, trial, values, settings, on)
    for row in pathway.outcomes:
        truth = evaluate(row.when, values, settings, on)
        if truth == TRUE:
            return row.outcome
        if truth == UNKNOWN:
            return None
    return None


def _adequate(
    pathway: Pathway, trial: Trial, values: Mapping[str, Any], settings: Settings, on: dt.date
) -> bool | None:
    treatment = pathway.treatments.get(trial.treatment)
    if treatment is None or treatment.adequate is None:
        return None
    truth = evaluate(treatment.adequate, values, settings, on)
    return {TRUE: True, FALSE: False, UNKNOWN: None}[truth]


def together(outcomes: Iterable[str | None]) -> str | None:
    """Return how all trials of one treatment count; `none` for no trial, None for not settled.

    A trial that nobody can judge leaves the whole unknown: it may have helped, and then the stage must
    not be passed. Only a trial that certainly helped outweighs it.
    """
    found = list(outcomes)
    if not found:
        return "none"
    if "responder" in found:
        return "responder"
    if None in found:
        return None
    return next(word for word in TOGETHER if word in found)
