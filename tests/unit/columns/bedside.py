"""What is decided for one reading at the bedside, in the words of the answer table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rules.columns.answer import TRUTHS
from rules.decide import Decider, _Writer
from rules.derive import Reading
from rules.evaluation import Evaluation
from rules.evaluator import Evaluator
from rules.leaves import Settings
from schemas.decision import Decision
from schemas.patient import Patient as Input
from tests.unit.columns.readings import Patient

COLUMN_OF = {0: False, 1: None, 2: True}
_SCOPE = {"in-scope": "in", "out-of-scope": "out", "unknown": "unknown"}


def decision_of(decider: Decider, settings: Settings, patient: Patient) -> Decision:
    """Return the full decision on what the rules read about *patient*."""
    values, on = patient
    evaluator, _ = decider.voices.compiled(settings)
    truths = evaluator.nodes(evaluator.leaves(values, on))
    nodes = dict(zip(decider.network.index, truths, strict=True))
    evaluation = Evaluation(Input(facts={}, on=on), settings, Reading(values=dict(values)), nodes)
    return _Writer(decider, evaluation).write()


def outline_of(decider: Decider, settings: Settings, patient: Patient) -> dict[str, Any]:
    """Return scope, urgency, state, red signs and verdicts as the answer table says them."""
    values, on = patient
    evaluator, _ = decider.voices.compiled(settings)
    truths = evaluator.nodes(evaluator.leaves(values, on))
    outline = decider.outliner.outline(truths, values)
    in_scope = truths[decider.network.index["in_scope"]]
    return {
        "scope": ("out", "unknown", "in")[in_scope],
        "urgency": outline.urgency.value,
        "state": outline.state.value,
        "screen_complete": outline.screen_complete,
        "red_signs": ";".join(outline.red_signs),
        **{_column("verdict", name): v.value for name, v in outline.verdicts.items()},
    }


def said_of(decision: Decision) -> dict[str, Any]:
    """Return urgency, state, red signs and verdicts of a full decision; red signs in the order of the pathway."""
    return {
        "urgency": decision.urgency.value,
        "state": decision.state.value,
        "screen_complete": decision.screen_complete,
        "red_signs": [sign.id for sign in decision.red_signs],
        **{_column("verdict", each.treatment): each.verdict.value for each in decision.treatments},
    }


def reasons_of(decision: Decision) -> dict[str, Any]:
    """Return what the full decision adds to the outline: deciding rules, and what is missing."""
    deciding = {
        _column("rule", each.treatment): each.reasons[0].rule if each.reasons else None
        for each in decision.treatments
    }
    missing = [each.fact for each in decision.missing]
    return {"scope": _SCOPE[decision.scope.status], **deciding, "missing": missing}


def differences(expected: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> Any:
    """Count, by column, the rows in which the answer table says something else."""
    found: Counter[str] = Counter()
    for mine, row in zip(expected, rows, strict=True):
        for name, value in mine.items():
            said = row[name]
            if isinstance(value, list):
                said, value = sorted(filter(None, said.split(";"))), sorted(value)
            if said != value:
                found[name] += 1
    return found


def node_differences(
    evaluator: Evaluator, patients: Sequence[Patient], rows: Sequence[Mapping[str, Any]]
) -> Any:
    """Count, by node, the rows in which a column has another truth than the compiled evaluator."""
    found: Counter[str] = Counter()
    names = [f"{TRUTHS}{name}" for name in evaluator.network.index]
    for (values, on), row in zip(patients, rows, strict=True):
        truths = evaluator.nodes(evaluator.leaves(values, on))
        found.update(
            name
            for name, truth in zip(names, truths, strict=True)
            if COLUMN_OF[truth] is not row[name]
        )
    return found


def unsettled(rows: Sequence[Mapping[str, Any]]) -> int:
    """Count the truths that are unknown."""
    return sum(value is None for row in rows for value in row.values())


def _column(kind: str, treatment: str) -> str:
    return f"{kind}_{treatment.replace('-', '_')}"
