"""What a pathway defines and nothing reads."""

from __future__ import annotations

from collections.abc import Iterator

from rules.network import ASSESSED, IN_SCOPE, Network
from rules.notation import place_of
from rules.verification.backwards.occurrences import leaves_of
from schemas.condition import Condition, references_of, settings_of
from schemas.pathway import Pathway
from schemas.provenance import Place
from schemas.verification import Diagnostic

READ_BY_THE_PROGRAM = ("review_weeks",)
"""Settings that no condition reads because they only date the next review."""


def unused(pathway: Pathway, network: Network) -> Iterator[Diagnostic]:
    """Yield facts, findings and settings that nothing reads."""
    conditions = list(_conditions(pathway))
    facts = {leaf.fact for condition in conditions for leaf in leaves_of(condition)}
    for name in pathway.facts:
        if name not in facts:
            yield _warning(
                "unused-fact", Place(file="facts.yaml", line=1), f"no condition reads the fact `{name}`",
                "take it out of the dictionary, or write the rule that needs it",
            )  # fmt: skip
    references = {name for each in conditions for name in references_of(each)}
    for name in pathway.findings:
        if name not in references and name not in (IN_SCOPE, ASSESSED):
            yield _warning(
                "unused-finding", place_of(pathway, name), f"nothing rests on the finding `{name}`",
                "take it out, or use it",
            )  # fmt: skip
    settings = {name for each in conditions for name in settings_of(each)}
    for name, setting in pathway.settings.items():
        if name not in settings and name not in READ_BY_THE_PROGRAM:
            yield _warning(
                "unused-setting", setting.place, f"no condition reads the setting `{name}`",
                "take it out, or compare with it",
            )  # fmt: skip


def _conditions(pathway: Pathway) -> Iterator[Condition]:
    for rule in pathway.rules.values():
        yield rule.when
    for finding in pathway.findings.values():
        yield finding.when
    for stage in pathway.stages.values():
        if stage.passed_when is not None:
            yield stage.passed_when
    for row in pathway.outcomes:
        yield row.when
    for treatment in pathway.treatments.values():
        if treatment.adequate is not None:
            yield treatment.adequate


def _warning(code: str, where: Place, message: str, help: str) -> Diagnostic:
    return Diagnostic(code=code, severity="warning", message=message, help=help, where=where)
