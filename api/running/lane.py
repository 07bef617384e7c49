"""Which requests may carry a red sign, told in microseconds, so that under load those and no others are looked at.

Two looks, both on the safe side: they may let through what turns out calm, never the other way. The first asks whether
the body names anything without which no red sign can be open. The second, for the product's own input, evaluates the
red signs on what is written there, with everything that needs work taken to be as grave as it could be.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from functools import cache
from typing import Any

from api.fhir.reading.conditions import ALSO
from api.library import get_codes, get_decider, pathway_ids
from api.running.triggers import RED, codes_of, polarities, trigger_facts
from rules.derive import Reading, settle_contradictions
from rules.evaluator import Evaluator
from rules.network import Network
from rules.truth import TRUE
from schemas.condition import Known
from schemas.facts import FactKind

MOST_LOOKED_THROUGH = 512 * 1024
"""Bytes. A longer body is not looked through on the loop that everybody waits for: it may carry a red sign."""
_DECODER = json.JSONDecoder(parse_float=Decimal)
_SETTLED = (FactKind.BOOLEAN, FactKind.SIGN, FactKind.CHOICE, FactKind.INTEGER, FactKind.DECIMAL)


class Lane:
    """What the red signs of one pathway read, arranged for a quick look."""

    def __init__(self, id: str) -> None:
        self.decider = get_decider(id)
        pathway, network = self.decider.pathway, self.decider.network
        self.triggers = trigger_facts(pathway, network)
        exact, beginnings = codes_of(get_codes(id), self.triggers or (), ALSO)
        self.names = frozenset(name.encode() for name in (*(self.triggers or ()), *exact))
        self.beginnings = tuple(sorted(b'"' + code.encode() for code in beginnings))
        wanted, read = network.upstream([RED]), network.facts([RED])
        self.part = Network(
            tuple(node for node in network.nodes if node.name in wanted),
            tuple(leaf for leaf in network.leaves if leaf.fact in read),
        )
        self.stated = frozenset(
            name for name in read & pathway.facts.keys() if pathway.facts[name].kind in _SETTLED
        )
        signs = polarities(self.part, RED)
        self.supposed = [
            at for at, leaf in enumerate(self.part.leaves) if leaf.fact not in self.stated
        ]
        # What is supposed to be so must only ever speak for a sign: then supposing it is the graver reading.
        self.can_be_weighed = all(
            signs[leaf] == {True} for leaf in self.part.leaves if leaf.fact not in self.stated
        )
        # Not known can speak for a sign as well; a shelf life may make it so.
        self.aging = frozenset(
            leaf.fact
            for leaf in self.part.leaves
            if isinstance(leaf, Known) and False in signs[leaf]
        )
        self.weighed = self.stated | self.aging
        self._evaluators: dict[str, Evaluator] = {}

    def names_one(self, body: bytes) -> bool:
        """Tell whether *body* names a fact, or holds a code, without which no red sign can be open."""
        if self.triggers is None:
            return True
        if any(beginning in body for beginning in self.beginnings):
            return True
        return not self.names.isdisjoint(body.split(b'"'))

    def could_be_red(self, data: Any, on: dt.date) -> bool:
        """Tell whether the input *data*, unchecked, could have an open red sign; *on* is any date."""
        if not self.can_be_weighed or not isinstance(data, dict):
            return True
        facts = data.get("facts")
        if not isinstance(facts, dict):
            return False  # refused by whoever reads it
        values: dict[str, Any] = {}
        for name in facts.keys() & self.weighed:
            value = facts[name]
            if isinstance(value, dict):
                if name in self.aging and "date" in value:
                    return True
                value = value.get("value")
            if value is not None and name in self.stated:
                values[name] = value
        reading = Reading(values=values)
        settle_contradictions(reading)
        evaluator = self._evaluator(data.get("settings", "default"))
        leaves = list(evaluator.leaves(reading.values, on))
        for at in self.supposed:
            leaves[at] = TRUE
        truths = evaluator.nodes(tuple(leaves))
        return truths[self.part.index[RED]] == TRUE

    def _evaluator(self, profile: str) -> Evaluator:
        if profile not in self._evaluators:
            settings = self.decider.voices.settings(profile)
            self._evaluators[profile] = Evaluator(self.part, settings)
        return self._evaluators[profile]


@cache
def get_lane(id: str) -> Lane:
    return Lane(id)


def make_ready() -> None:
    """Work out now what the first look needs, a third of a second: under load everybody would wait for it."""
    for lane in _lanes():
        for profile in lane.decider.pathway.profiles:
            lane.decider.voices.compiled(lane.decider.voices.settings(profile))
            lane.could_be_red({"facts": {}, "settings": profile}, dt.date.min)


@cache
def _lanes() -> tuple[Lane, ...]:
    """Return every lane. What pathways there are is looked up on disk, and that once."""
    return tuple(get_lane(id) for id in pathway_ids())


def may_raise_red_sign(body: bytes) -> bool:
    """Tell whether *body*, in whatever form facts are sent, could be of a patient with an open red sign.

    INVARIANT: no answer "no" for a body from which any door reads an open red sign. A backslash may spell a name
    in another way, so it counts as one; so does a body that is not quoted text at all, such as a form.
    """
    if len(body) > MOST_LOOKED_THROUGH or b"\\" in body or b'"' not in body:
        return True
    return any(lane.names_one(body) for lane in _lanes())


def may_be_red(id: str, body: bytes) -> bool:
    """Tell the same of a *body* that holds the product's own input for the pathway *id*, more closely."""
    if not may_raise_red_sign(body):
        return False
    try:
        data = _DECODER.decode(body.decode())
        return get_lane(id).could_be_red(data, dt.date.min)
    except Exception:
        # What cannot be weighed here is looked at by the real reader.
        return True
