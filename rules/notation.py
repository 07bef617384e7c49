"""A condition as the documents write it, and where: what diagnostics, coverage and mutants are told in."""

from __future__ import annotations

from schemas.condition import And, Compare, Condition, Is, Known, Not, OneOf, Or, Ref, Within
from schemas.pathway import Pathway
from schemas.provenance import Place


def as_written(condition: Condition) -> str:
    """Return *condition* in the condition language."""
    match condition:
        case And() | Or():
            word = "and" if isinstance(condition, And) else "or"
            if not condition.items:
                return "always" if word == "and" else "never"
            parts = [
                f"({as_written(item)})" if isinstance(item, And | Or) else as_written(item)
                for item in condition.items
            ]
            return f" {word} ".join(parts)
        case Not(item=And() | Or() | Within()):
            return f"not ({as_written(condition.item)})"
        case Not(item=OneOf(fact=fact, words=(word,))):
            return f"{fact} is not {word}"
        case Not():
            return f"not {as_written(condition.item)}"
        case Ref():
            return condition.name
        case Is():
            return condition.fact
        case Known():
            return f"known({condition.fact})"
        case OneOf(words=(word,)):
            return f"{condition.fact} is {word}"
        case OneOf():
            return f"{condition.fact} in ({', '.join(condition.words)})"
        case Compare():
            return f"{condition.fact} {condition.operator} {condition.setting or condition.bound}"
        case Within():
            ahead = "next " if condition.side == "future" else ""
            under = "under " if condition.under else ""
            amount = condition.setting or condition.amount
            return f"{condition.fact} within {ahead}{under}{amount} {condition.unit}"


def place_of(pathway: Pathway, node: str) -> Place:
    """Return where *node* is written; for a generated conclusion, its treatment, stage or sign."""
    name = node.removeprefix("rule:")
    if name in pathway.rules:
        return pathway.rules[name].place
    if name in pathway.findings:
        return pathway.findings[name].place
    for row in pathway.outcomes:
        if node == f"outcome:{row.outcome}":
            return row.place
    word = node.partition("(")[2].rstrip(")") or node.partition(":")[2].partition("/")[0]
    for known in (pathway.treatments, pathway.stages, pathway.signs):
        if word in known:
            return known[word].place
    return Place(file="pathway.md", line=1)
