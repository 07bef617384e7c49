"""Which facts a red sign cannot do without, read off the network and never listed by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rules.network import Network
from rules.truth import FALSE, TRUE
from schemas.codes import CodeLists
from schemas.condition import And, Condition, Known, Leaf, Not, Or, Ref
from schemas.pathway import Pathway

RED = "red(any)"
_NEITHER, _EITHER = frozenset[int](), frozenset({FALSE, TRUE})


def possible(
    condition: Condition, silent: Collection[str], nodes: dict[str, frozenset[int]]
) -> frozenset[int]:
    """Return which of true and false *condition* could be, whatever is known of every fact but the *silent* ones.

    Of a silent fact nothing is known. A condition that can be neither stays unknown.
    """
    match condition:
        case And() | Or():
            parts = [possible(item, silent, nodes) for item in condition.items]
            every, one = (TRUE, FALSE) if isinstance(condition, And) else (FALSE, TRUE)
            found = {every} if all(every in part for part in parts) else set()
            return frozenset(found | ({one} if any(one in part for part in parts) else set()))
        case Not():
            return frozenset(TRUE - truth for truth in possible(condition.item, silent, nodes))
        case Ref():
            return nodes[condition.name]
        case Known():
            # Never unknown: of a fact that is not known it is false.
            return frozenset({FALSE}) if condition.fact in silent else _EITHER
        case _:
            return _NEITHER if condition.fact in silent else _EITHER


def may_be_red(network: Network, silent: Collection[str]) -> bool:
    """Tell whether some patient of whom the *silent* facts are unknown could have an open red sign."""
    wanted = network.upstream([RED])
    nodes: dict[str, frozenset[int]] = {}
    for node in network.nodes:
        if node.name in wanted:
            nodes[node.name] = possible(node.condition, silent, nodes)
    return TRUE in nodes[RED]


def trigger_facts(pathway: Pathway, network: Network) -> frozenset[str] | None:
    """Return facts of which at least one must be known before a red sign can be open; None when there are no such.

    The set is small: a fact that only ever joins others (a date, a weakness that a surgeon has seen) is left out.
    What is worked out from lists is left out first, because a list names no fact.
    """
    facts = network.facts([RED])
    if may_be_red(network, facts):
        return None
    kept = set(facts)
    for fact in sorted(facts, key=lambda name: (name not in pathway.derivations, name)):
        if not may_be_red(network, kept - {fact}):
            kept.discard(fact)
    return None if kept & pathway.derivations.keys() else frozenset(kept)


def codes_of(
    lists: CodeLists, facts: Collection[str], also: Mapping[str, str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the codes that stand for *facts*, and the beginnings of codes that do; of whatever system.

    *also* names the second fact that some concepts state.
    """
    codes = [
        code
        for concepts in lists.concepts.values()
        for concept in concepts
        if concept.fact in facts or also.get(concept.id) in facts
        for code in concept.codes
    ]
    return (
        frozenset(each.code for each in codes if not each.prefix),
        frozenset(each.code for each in codes if each.prefix),
    )


def polarities(network: Network, name: str) -> dict[Leaf, set[bool]]:
    """Return, for each comparison *name* rests on, whether it speaks for it (true), against it (false), or both."""
    found: dict[Leaf, set[bool]] = {leaf: set() for leaf in network.leaves}
    seen: set[tuple[str, bool]] = set()

    def visit(condition: Condition, speaks_for: bool) -> None:
        match condition:
            case And() | Or():
                for item in condition.items:
                    visit(item, speaks_for)
            case Not():
                visit(condition.item, not speaks_for)
            case Ref():
                if (condition.name, speaks_for) not in seen:
                    seen.add((condition.name, speaks_for))
                    visit(network.conditions[condition.name], speaks_for)
            case _:
                found[condition].add(speaks_for)

    visit(network.conditions[name], True)
    return found
