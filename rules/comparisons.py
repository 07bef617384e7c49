"""Where the rules compare each number: by which operators, and where a site may put the border."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.condition import Compare, walk
from schemas.pathway import Pathway


@dataclass(frozen=True, slots=True)
class Border:
    """One comparison of a number: where it can lie, and where it lies in the profiles that are shipped."""

    operator: str
    minimum: Decimal
    maximum: Decimal
    used: frozenset[Decimal]


def borders_of(pathway: Pathway) -> dict[str, list[Border]]:
    """Return the borders of each number that a condition of *pathway* compares, by fact."""
    found: dict[str, list[Border]] = {}
    conditions = [
        *(rule.when for rule in pathway.rules.values()),
        *(finding.when for finding in pathway.findings.values()),
        *(stage.passed_when for stage in pathway.stages.values() if stage.passed_when),
    ]
    for condition in conditions:
        for node in walk(condition):
            if isinstance(node, Compare):
                found.setdefault(node.fact, []).append(_border(pathway, node))
    return found


def _border(pathway: Pathway, node: Compare) -> Border:
    if node.setting is None:
        bound = node.bound or Decimal(0)
        return Border(node.operator, bound, bound, frozenset({bound}))
    setting = pathway.settings[node.setting]
    profiles = pathway.profiles.values()
    used = {setting.value, *(p[node.setting] for p in profiles if node.setting in p)}
    return Border(node.operator, setting.minimum, setting.maximum, frozenset(used))
