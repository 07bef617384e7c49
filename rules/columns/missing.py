"""What is missing, as formulas: for every fact, whether its absence keeps a question open that still matters.

`Questions` and `Explainer` walk down from an unknown conclusion to the unknown comparisons it rests on. Here the same
walk is made for all patients at once, from wholes to parts: a part is reached when it is unknown and one of its wholes
is reached.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from rules.columns.formulas import Formula, Sheet, below
from rules.columns.verdicts import Conclusions, tried_fact
from rules.network import ASSESSED, IN_SCOPE
from rules.treatments import VERBS
from schemas.condition import Known
from schemas.decision import OFFERS, Verdict
from schemas.facts import Burden
from schemas.pathway import Effect, Urgency

LISTS = ("trials", "medications", "surgeries")
_BURDEN = list(Burden)

Asked = dict[str, Formula]
"""For every question, by the name of the fact or list, whether it is asked."""


def asked(conclusions: Conclusions, red_sign_facts: frozenset[str]) -> Asked:
    """Return the questions of `Decision.missing`: red-sign facts first, then by burden, then as in the dictionary."""
    sheet, found = conclusions.sheet, defaultdict[str, list[Formula]](list)
    for leaf, reached in _undecided(sheet, _roots(conclusions)).items():
        assert leaf.leaf is not None
        found[leaf.leaf.fact].append(reached)
    for leaf, reached in _unanswered(conclusions).items():
        assert leaf.leaf is not None
        found[leaf.leaf.fact].append(reached)
    for treatment in conclusions.pathway.treatments.values():
        if treatment.stage:
            fact = tried_fact(treatment.id)
            unsettled = sheet.negated(sheet.leaf(Known(fact=fact)))
            found[fact].append(sheet.every((unsettled, _is_asked(conclusions, treatment.id))))
    return _by_question(conclusions, found, red_sign_facts)


def _by_question(
    conclusions: Conclusions, found: Mapping[str, list[Formula]], red_sign_facts: frozenset[str]
) -> Asked:
    """Join facts that come from one list into the question for that list, and put the questions in order."""
    pathway, joined = conclusions.pathway, defaultdict[str, list[Formula]](list)
    ranks: dict[str, tuple[bool, int, int]] = {}
    order = {name: at for at, name in enumerate([*pathway.facts, *LISTS])}
    for fact, formulas in found.items():
        definition = pathway.definition(fact)
        name = definition.from_list or fact
        joined[name] += formulas
        rank = (
            fact not in red_sign_facts,
            _BURDEN.index(definition.burden),
            order.get(name, len(order)),
        )
        ranks[name] = min(rank, ranks.get(name, rank))
    some = conclusions.sheet.some
    questions = {name: some(joined[name]) for name in sorted(joined, key=ranks.__getitem__)}
    return {name: formula for name, formula in questions.items() if formula.kind != "no"}


def _is_asked(conclusions: Conclusions, treatment: str) -> Formula:
    """Tell whether what keeps the verdict on *treatment* open is asked for."""
    so, nodes = conclusions.sheet.so, conclusions.nodes
    return conclusions.sheet.every(
        (
            conclusions.assessable,
            so(nodes[IN_SCOPE]),
            so(nodes[ASSESSED]),
            conclusions.verdict_is(treatment, Verdict.NEEDS_DATA),
        )
    )


def _roots(conclusions: Conclusions) -> Iterable[tuple[Formula, Formula]]:
    """Yield conclusions that are asked about while they are unknown, each with when."""
    sheet, nodes, pathway = conclusions.sheet, conclusions.nodes, conclusions.pathway
    for name in conclusions.network.screen(pathway):
        yield nodes[name], sheet.yes
    for rule in conclusions.catalogue.of(Effect.RED_SIGN):
        if rule.urgency is not None and rule.urgency is not Urgency.U3:
            # It could still make the decision more urgent than any open sign does.
            nearer = [each for each in Urgency if each <= rule.urgency]
            open_signs = (sheet.so(nodes[f"red({each})"]) for each in nearer)
            yield conclusions.rule(rule), sheet.negated(sheet.some(open_signs))
    yield nodes[IN_SCOPE], conclusions.assessable
    for treatment in pathway.treatments.values():
        for verb in VERBS:
            if f"{verb}({treatment.id})" in nodes:
                yield nodes[f"{verb}({treatment.id})"], _is_asked(conclusions, treatment.id)
        offered = sheet.some(conclusions.verdict_is(treatment.id, each) for each in sorted(OFFERS))
        for rule in conclusions.catalogue.on(treatment.id, Effect.CAUTION):
            yield conclusions.rule(rule), offered


def _undecided(sheet: Sheet, roots: Iterable[tuple[Formula, Formula]]) -> dict[Formula, Formula]:
    """Return, for every comparison, whether it keeps one of *roots* unknown; the walk of `Explainer.undecided`."""
    when: dict[Formula, list[Formula]] = defaultdict(list)
    for root, asked_when in roots:
        when[root].append(asked_when)
    found: dict[Formula, Formula] = {}
    for formula in reversed(below(list(when))):
        if formula.kind == "not":
            # Unknown together: the part is reached by whatever reaches its negation.
            when[formula.parts[0]] += when[formula]
            continue
        reached = sheet.every((sheet.unknown(formula), sheet.some(when[formula])))
        if formula.leaf is not None:
            found[formula] = reached
        for part in formula.parts:
            when[part].append(reached)
    return found


def _unanswered(conclusions: Conclusions) -> dict[Formula, Formula]:
    """Return, for every comparison, whether it keeps the assessment from being recorded; as `Explainer.unanswered`."""
    sheet, root = conclusions.sheet, conclusions.nodes[ASSESSED]
    not_yet = sheet.negated(sheet.so(root))
    when: dict[Formula, list[Formula]] = defaultdict(list)
    when[root].append(sheet.every((conclusions.assessable, not_yet)))
    found: dict[Formula, Formula] = {}
    for formula in reversed(below([root])):
        reached = sheet.some(when[formula])
        if formula.leaf is not None:
            lacking = isinstance(formula.leaf, Known)
            open_ = sheet.negated(formula) if lacking else sheet.unknown(formula)
            found[formula] = sheet.every((reached, open_))
        for part in formula.parts:
            open_ = sheet.unknown(part)
            if formula.kind != "not":
                both_fail = sheet.every((sheet.not_so(formula), sheet.not_so(part)))
                open_ = sheet.some((open_, both_fail))
            when[part].append(sheet.every((reached, open_)))
    return found
