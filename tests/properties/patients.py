"""Patients nobody has met: at random, on every border, and built backwards from a rule so that it holds.

All of them are inputs as a client sends them (JSON-like dicts) with a date of the question.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st

from api.library import get_decider
from rules.invariants.changes import LISTS, values_of
from rules.leaves import OPERATORS, Settings, bound_of, span_of
from rules.network import Network
from schemas.condition import (
    And,
    Compare,
    Condition,
    Is,
    Known,
    Leaf,
    Not,
    OneOf,
    Or,
    Ref,
    Within,
)
from schemas.facts import FactKind
from schemas.pathway import Effect, Medicine, Pathway

DAYS = (dt.date(2026, 3, 1), dt.date(2024, 2, 29), dt.date(2025, 12, 31), dt.date(2026, 1, 1))
OUTCOMES: dict[str, dict[str, Any]] = {
    "running": {"stopped_because": "still-running"},
    "intolerant": {"stopped_because": "harm"},
    "worse": {"relief_percent": -10},
    "worn-off": {"relief_percent": 60, "still_helping": False},
    "responder": {"relief_percent": 60, "still_helping": True},
    "partial": {"relief_percent": 35, "goal_met": False, "odi_points_better": 2},
    "failed": {"relief_percent": 10, "weeks": 52, "sessions": 12, "full_dose": True, "technique_sound": True},
    "inadequate": {"relief_percent": 10, "weeks": 0, "sessions": 0, "full_dose": False, "technique_sound": False},
}  # fmt: skip
"""A trial that is judged so, for every treatment that can be judged so."""

PHENOTYPE = (
    "leg_pain_below_knee", "slr_positive", "root_deficit", "radicular_neuropathic_by_clinician",
    "facet_pain_suspected", "muscle_spasm", "trigger_point_findings", "dn4", "pain_pattern",
)  # fmt: skip
"""What kind of pain it is; without these answers nobody gets past the first steps."""

Wanted = dict[str, Any]
"""Facts, stated and derived, with the value each should come to have; None: unknown."""


class Generator:
    """Makes patients for one pathway under one set of settings; all chance comes from the random.Random passed in."""

    def __init__(self, pathway: Pathway, network: Network, settings: Settings) -> None:
        self.pathway, self.network, self.settings = pathway, network, settings
        leaves: dict[str, list[Leaf]] = {}
        for leaf in network.leaves:
            leaves.setdefault(leaf.fact, []).append(leaf)
        self.leaves = leaves
        self.read = sorted(leaves)
        raising = [r.id for r in pathway.rules.values() if r.effect is Effect.RED_SIGN]
        self.red = network.facts(f"rule:{rule}" for rule in raising)
        self.classes = sorted(
            {w for d in pathway.derivations.values() if d.rule == "taking" for w in d.of}
        )
        self.spoken = [m.id for m in pathway.medicines.values()]

    # -- one value ---------------------------------------------------------------------------------

    def values(self, fact: str, on: dt.date) -> list[Any]:
        return values_of(self.pathway.facts[fact], self.leaves.get(fact, ()), self.settings, on)

    def value(self, fact: str, on: dt.date, rng: random.Random) -> Any:
        """Return an answer to *fact*: mostly one on a border, else any in range."""
        definition = self.pathway.facts[fact]
        if definition.kind in (FactKind.INTEGER, FactKind.DECIMAL) and rng.random() < 0.4:
            low, high = definition.minimum or 0, definition.maximum or 0
            return rng.randint(math.ceil(low), int(high))
        return rng.choice(self.values(fact, on))

    def no(self, fact: str) -> Any:
        """Return the quiet answer to a red-sign or medical question; None where there is none."""
        definition = self.pathway.facts[fact]
        if definition.kind is FactKind.BOOLEAN:
            return False
        return "none" if "none" in definition.choices else None

    def entry(self, fact: str, value: Any, on: dt.date, rng: random.Random) -> Any:
        """Write *value* the way some client would: bare, dated (fresh, stale, by month) or with its source."""
        if value is None:
            return rng.choice([None, {"value": None}, {"value": None, "unknown": "unavailable"}])
        chance = rng.random()
        if chance < 0.9:
            return value
        shelf = self.pathway.facts[fact].shelf_days or 100
        days = rng.choice([0, 1, shelf - 1, shelf, shelf + 1]) if chance < 0.97 else 0
        date = (on - dt.timedelta(days=max(0, days))).isoformat()
        return {"value": value, "date": date[: rng.choice([10, 10, 10, 7])], "source": "clinic"}

    def day(self, on: dt.date, days: int, rng: random.Random, vague: float = 0.15) -> str:
        """Write the day *days* before *on*, now and then by its month or year only."""
        text = (on - dt.timedelta(days=days)).isoformat()
        return text[: rng.choice([7, 4])] if rng.random() < vague else text

    # -- lists -------------------------------------------------------------------------------------

    def trial(self, on: dt.date, rng: random.Random) -> dict[str, Any]:
        treatment = rng.choice([*self.pathway.treatments, "other"])
        row: dict[str, Any] = {"treatment": treatment}
        row |= rng.choice(list(OUTCOMES.values()))
        if rng.random() < 0.3:
            row |= {"weeks": rng.choice([0, 1, 2, 3.5, 4, 6, 12])}
        if rng.random() < 0.3:
            row |= {"relief_percent": rng.choice([-1, 0, 29, 30, 31, 49, 50, 51, 100])}
        for name in list(row):
            if name != "treatment" and rng.random() < 0.08:
                del row[name]
        agents = self.pathway.treatments[treatment].agents if treatment != "other" else ()
        if agents and rng.random() < 0.8:
            row["agent"] = (
                rng.choice([*agents, "unheard of"]) if rng.random() < 0.1 else rng.choice(agents)
            )
        if rng.random() < 0.6:
            days = rng.choice([0, 1, 7, 8, 14, 15, 30, 31, 60, 183, 184, 365, 366, 900])
            row["ended"] = self.day(on, days, rng)
        return row

    def medication(
        self, on: dt.date, rng: random.Random, agent: str | None = None
    ) -> dict[str, Any]:
        if agent is None:
            if rng.random() < 0.7:
                word = rng.choice(self.classes)
                agent = rng.choice([m.id for m in self._of_class(word)])
            else:
                agent = rng.choice([*self.spoken, "something unheard of"])
        row: dict[str, Any] = {"agent": agent}
        if rng.random() < 0.5:
            row["started"] = self.day(
                on, rng.choice([0, 7, 21, 22, 29, 30, 31, 89, 90, 91, 400]), rng
            )
        if rng.random() < 0.5:
            row["dose_mg_per_day"] = rng.choice([5, 20, 49.9, 50, 75, 200])
        if rng.random() < 0.1:
            row["status"] = rng.choice(["stopped", "planned"])
        return row

    def surgery(self, on: dt.date, rng: random.Random) -> dict[str, Any]:
        row: dict[str, Any] = {
            "procedure": rng.choice(
                ["discectomy", "decompression", "fusion", "disc-replacement", "other"]
            ),
            "region": rng.choice(["lumbar", "lumbar", "lumbosacral", "thoracic", "cervical", None]),
            "for_pain": rng.choice([True, True, True, False, None]),
            "result": rng.choice(
                ["no-improvement", "partial", "full-then-recurred", "worse", None]
            ),
        }
        if rng.random() < 0.85:
            days = rng.choice([0, 6, 7, 8, 29, 30, 31, 42, 43, 83, 84, 85, 91, 92, 300, 900, 4000])
            row["date"] = self.day(on, days, rng)
        return {key: value for key, value in row.items() if value is not None}

    def override(
        self, on: dt.date, rng: random.Random, treatment: str = "", lifts: str = ""
    ) -> dict[str, Any]:
        return {
            "treatment": treatment or rng.choice(list(self.pathway.treatments)),
            "lifts": lifts or rng.choice(["not-yet", "block-unless-justified"]),
            "who": "a clinician",
            "when": on.isoformat(),
            "why": "talked through with the patient",
        }

    # -- whole patients ----------------------------------------------------------------------------

    def patient(self, rng: random.Random, quiet: float | None = None) -> dict[str, Any]:
        """Return a patient: from hardly anything known to everything quiet and the first steps taken in vain.

        *quiet* is the share of red-sign questions answered with no; left out, it is drawn as well.
        """
        on = rng.choice(DAYS)
        if quiet is None:
            quiet = rng.choice([0.0, 0.5, 0.97, 1.0, 1.0, 1.0])
        told = rng.choice([0.05, 0.3, 0.8, 1.0])
        facts: dict[str, Any] = {}
        for name, definition in self.pathway.facts.items():
            red = name in self.red
            deniable = red or definition.section in ("medical-history", "red-signs")
            deny = rng.random() < (quiet if red else quiet * 0.8)
            if deny and deniable and self.no(name) is not None:
                facts[name] = self.no(name)
            elif rng.random() < told * ((0.2 if quiet < 0.9 else 0.01) if red else 0.7):
                facts[name] = self.entry(name, self.value(name, on, rng), on, rng)
        data: dict[str, Any] = {"facts": facts, "on": on.isoformat()}
        if quiet >= 0.97:
            self._assess(facts, on, rng)
        for name, make, most in (
            ("trials", self.trial, 6), ("medications", self.medication, 5), ("surgeries", self.surgery, 3),
        ):  # fmt: skip
            if rng.random() < max(told, quiet):
                data[name] = [make(on, rng) for _ in range(rng.randint(0, most))]
        if quiet >= 0.97 and rng.random() < 0.7:
            self._walk_on(data, on, rng)
        if rng.random() < 0.15:
            data["incomplete"] = rng.sample(LISTS, rng.randint(1, len(LISTS)))
        if rng.random() < 0.25:
            data["overrides"] = [self.override(on, rng) for _ in range(rng.randint(1, 3))]
        if rng.random() < 0.1:
            data["settings"] = rng.choice(sorted(self.pathway.profiles))
        return data

    def _assess(self, facts: dict[str, Any], on: dt.date, rng: random.Random) -> None:
        """Record the minimum assessment of a grown patient in pain."""
        needed = ("age", "pain_back_nrs", "pain_leg_nrs", "pain_duration_months", "pain_pattern")
        for name in needed:
            facts[name] = self.value(name, on, rng)
        facts["age"] = rng.choice([18, 40, 55, 64, 65, 66, 80])
        facts["pain_duration_months"] = rng.choice([0.5, 1, 2, 3, 5, 6, 12, 60])
        facts["pain_now"] = rng.random() < 0.98

    def _walk_on(self, data: dict[str, Any], on: dt.date, rng: random.Random) -> None:
        """Let the patient have been operated on for pain, and the steps so far been taken in vain."""
        day = self.day(on, rng.choice([100, 400, 2000]), rng)
        data["surgeries"] = [
            {"procedure": rng.choice(["discectomy", "fusion"]), "region": "lumbar", "for_pain": True, "date": day,
             "result": rng.choice(["no-improvement", "partial"])}
        ]  # fmt: skip
        data.setdefault("medications", [])
        trials = data.setdefault("trials", [])
        upto = rng.choice([0, 1, 1, 2, 2, 3])
        for name in PHENOTYPE:
            data["facts"][name] = self.value(name, on, rng)
        tried = [
            t for t in self.pathway.treatments.values() if t.stage and int(t.stage[1:]) <= upto
        ]
        for treatment in tried:
            if rng.random() < 0.8:
                word = rng.choice(
                    ["failed", "failed", "failed", "intolerant", "worse", "partial", "responder"]
                )
                row = {"treatment": treatment.id, **OUTCOMES[word]}
                if treatment.agents:
                    row["agent"] = treatment.agents[0]
                row["ended"] = self.day(on, rng.choice([50, 200, 400, 900]), rng)
                trials.append(row)
        yes = ("imaging_concordant", "baseline_scales_recorded", "multidisciplinary_assessment",
               "can_operate_device", "lead_path_imaged", "mri_needs_clarified", "pdmp_checked",
               "opioid_goal_and_stop_date_agreed")  # fmt: skip
        for name in yes:
            if rng.random() < 0.8:
                data["facts"][name] = True
        if rng.random() < 0.7:
            data["facts"]["psychological_evaluation"] = "done-suitable"
            data["facts"]["lumbar_imaging"] = self.day(on, 100, rng, vague=0.05)
            data["facts"]["egfr"] = rng.choice([95, 60, 59, 30, 29])

    # -- backwards from a rule ---------------------------------------------------------------------

    def for_rule(
        self, rule: str, rng: random.Random, base: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return a patient for whom the condition of *rule* should hold; the rest is as in *base*, or at random.

        It may fail to hold: a later choice can undo an earlier one. Ask again with other chances then.
        """
        data = self.patient(rng) if base is None else base
        return self.with_wanted(
            data, self.wanted(f"rule:{rule}", rng, dt.date.fromisoformat(data["on"])), rng
        )

    def for_offer(self, treatment: str, rng: random.Random) -> dict[str, Any]:
        """Return a quiet patient to whom *treatment* should be offered: indicated, and its stage open."""
        tried = {f"tried_{treatment.replace('-', '_')}": "none"}
        return self._quiet([f"ready({treatment})", f"indicated({treatment})"], [], tried, rng)

    def for_stage(self, stage: str, rng: random.Random) -> dict[str, Any]:
        """Return a quiet patient who should stand in *stage*: the earlier ones passed, this one not."""
        after = [f"passed({name})" for name in self.pathway.stages[stage].after]
        return self._quiet(after, [f"passed({stage})"], {}, rng)

    def _quiet(
        self, true: list[str], false: list[str], facts: Wanted, rng: random.Random
    ) -> dict[str, Any]:
        """Return an assessed patient without a red sign or illness, with some conclusions true and some false."""
        data = self.patient(rng, quiet=1.0)
        on = dt.date.fromisoformat(data["on"])
        wanted: Wanted = {}
        for names, so in ((["in_scope", "assessed", *true], True), (false, False)):
            for name in names:
                self._want(self.network.conditions[name], so, wanted, rng, on)
        for name, definition in self.pathway.facts.items():
            deniable = name in self.red or definition.section in ("medical-history", "red-signs")
            if deniable and name not in wanted and self.no(name) is not None:
                data["facts"][name] = self.no(name)
        return self.with_wanted(data, wanted | facts, rng)

    def wanted(self, node: str, rng: random.Random, on: dt.date) -> Wanted:
        wanted: Wanted = {}
        self._want(self.network.conditions[node], True, wanted, rng, on)
        return wanted

    def _want(
        self, condition: Condition, so: bool, wanted: Wanted, rng: random.Random, on: dt.date
    ) -> None:
        match condition:
            case Not():
                self._want(condition.item, not so, wanted, rng, on)
            case Ref():
                self._want(self.network.conditions[condition.name], so, wanted, rng, on)
            case And() | Or():
                if isinstance(condition, And) is so:
                    for item in condition.items:
                        self._want(item, so, wanted, rng, on)
                elif condition.items:
                    self._want(rng.choice(condition.items), so, wanted, rng, on)
            case _:
                fits = self._fits(condition, so, on)
                if condition.fact in wanted and wanted[condition.fact] in fits:
                    return
                if fits:
                    wanted[condition.fact] = rng.choice(fits)

    def _fits(self, leaf: Leaf, so: bool, on: dt.date) -> list[Any]:
        """Return values of the fact of *leaf* that make it (not) so."""
        options = self._options(leaf.fact, on)
        match leaf:
            case Known():
                return options if so else [None]
            case Is():
                return [so]
            case Compare():
                bound, compare = bound_of(leaf, self.settings), OPERATORS[leaf.operator]
                return [
                    v for v in options if not isinstance(v, bool | str) and compare(v, bound) is so
                ]
            case OneOf():
                return [v for v in options if (v in leaf.words) is so]
            case Within():
                span = span_of(leaf, self.settings)
                sign = -1 if leaf.side == "past" else 1
                days = [span, span - 1, 0] if so else [span + 1, span + 40]
                return [on + dt.timedelta(days=sign * max(0, n)) for n in days]

    def _options(self, fact: str, on: dt.date) -> list[Any]:
        if fact in self.pathway.facts:
            if self.pathway.facts[fact].kind is FactKind.DATE:
                return [on - dt.timedelta(days=n) for n in (0, 10, 400)]
            return self.values(fact, on)
        definition = self.pathway.derivations[fact].fact
        match definition.kind:
            case FactKind.BOOLEAN:
                return [True, False]
            case FactKind.DATE:
                return [on - dt.timedelta(days=n) for n in (0, 10, 400)]
            case FactKind.CHOICE:
                return list(definition.words)
            case _:
                return [0, 1, 2, 3, 4, 5, 60]

    def with_wanted(
        self, data: dict[str, Any], wanted: Wanted, rng: random.Random
    ) -> dict[str, Any]:
        """Return *data* changed so that every wanted fact has its value; lists are filled for derived ones."""
        facts = dict(data["facts"])
        lists = {
            n: list(data.get(n) or ()) for n in ("trials", "medications", "surgeries", "overrides")
        }
        given = {n for n in lists if data.get(n) is not None}
        whole: set[str] = set()
        on = dt.date.fromisoformat(data["on"])
        for name, value in wanted.items():
            if name in self.pathway.facts:
                if value is None:
                    facts.pop(name, None)
                else:
                    facts[name] = value.isoformat() if isinstance(value, dt.date) else value
        # Refusals first, so that what is wanted is not taken away again.
        derived = {n: v for n, v in wanted.items() if n not in self.pathway.facts}
        for name, value in sorted(derived.items(), key=lambda item: item[1] is not False):
            given |= {self._derive(name, value, lists, on, rng)}
            whole |= {self.pathway.derivations[name].fact.from_list or ""}
        if facts.get("age") is not None and not isinstance(facts["age"], dict):
            months = facts.get("pain_duration_months")
            if isinstance(months, int | float) and months > (facts["age"] + 1) * 12:
                facts["pain_duration_months"] = facts["age"] * 12
        changed = {key: value for key, value in data.items() if key not in lists}
        if "incomplete" in changed:
            changed["incomplete"] = [n for n in changed["incomplete"] if n not in whole]
        return changed | {"facts": facts} | {name: lists[name] for name in lists if name in given}

    def _derive(
        self, name: str, value: Any, lists: dict[str, list[Any]], on: dt.date, rng: random.Random
    ) -> str:
        """Change the lists so that the derived fact *name* gets *value*; return the list that was changed."""
        derivation = self.pathway.derivations[name]
        of = derivation.of
        match derivation.rule:
            case "listed":
                return of[0]
            case "justified" | "early":
                lifts = "block-unless-justified" if derivation.rule == "justified" else "not-yet"
                lists["overrides"] = [
                    o for o in lists["overrides"] if (o["treatment"], o["lifts"]) != (of[0], lifts)
                ]
                if value:
                    lists["overrides"].append(self.override(on, rng, of[0], lifts))
                return "overrides"
            case "taking":
                lists["medications"] = [
                    m for m in lists["medications"] if not self._is(m["agent"], of)
                ]
                if value:
                    agent = rng.choice([m.id for m in self._of_class(*of)])
                    lists["medications"].append(
                        self.medication(on, rng, agent) | {"status": "active"}
                    )
                return "medications"
            case "count-taking":
                lists["medications"] = [
                    m for m in lists["medications"] if not self._is(m["agent"], of)
                ]
                agents = rng.sample([m.id for m in self._of_class(*of)], min(int(value or 0), 4))
                lists["medications"] += [{"agent": agent} for agent in agents]
                return "medications"
            case "started" | "mme":
                mine = [m for m in lists["medications"] if self._is(m["agent"], of)]
                if not mine and value is not None:
                    agents = [
                        m
                        for m in self._of_class(*of)
                        if m.mme_factor or derivation.rule == "started"
                    ]
                    mine = [{"agent": rng.choice(agents).id}]
                    lists["medications"] += mine
                for row in mine:
                    row["status"] = "active"
                    if derivation.rule == "started":
                        row.pop("started", None)
                        if value is not None:
                            row["started"] = value.isoformat()
                    else:
                        row.pop("dose_mg_per_day", None)
                        if value is not None:
                            row["dose_mg_per_day"] = int(value) + 200 if value else 0
                return "medications"
            case "tried":
                lists["trials"] = [t for t in lists["trials"] if t["treatment"] != of[0]]
                if value not in (None, "none"):
                    row = {"treatment": of[0], **OUTCOMES[value]}
                    agents = self.pathway.treatments[of[0]].agents
                    if len(of) > 1:
                        agents = [m.id for m in self._of_class(*of[1:])]
                    if agents:
                        row["agent"] = rng.choice(agents)
                    row["ended"] = self.day(on, rng.choice([20, 50, 400]), rng)
                    lists["trials"].append(row)
                return "trials"
            case "sessions" | "procedure-date":
                return self._procedure(derivation.rule, of, value, lists, on, rng)
            case _:
                return self._operate(derivation.rule, of, value, lists, on, rng)

    def _procedure(
        self,
        rule: str,
        of: Sequence[str],
        value: Any,
        lists: dict[str, list[Any]],
        on: dt.date,
        rng: random.Random,
    ) -> str:
        treatment = of[0] if of[0] != "spine" else "epidural-steroid-injection"
        if rule == "sessions":
            mine = [t for t in lists["trials"] if t["treatment"] == treatment]
            lists["trials"] = [t for t in lists["trials"] if t["treatment"] != treatment]
            if value:
                row = mine[-1] if mine else {"treatment": treatment, **OUTCOMES["responder"]}
                lists["trials"].append(
                    {**row, "sessions": int(value), "ended": self.day(on, 60, rng, vague=0)}
                )
            return "trials"
        late = [
            t for t in lists["trials"] if t.get("ended", "") > (value.isoformat() if value else "")
        ]
        for row in late:
            row["ended"] = value.isoformat() if value else row["ended"]
        if not any(t["treatment"] == treatment for t in lists["trials"]):
            lists["trials"].append({"treatment": treatment, **OUTCOMES[rng.choice(list(OUTCOMES))]})
        for row in lists["trials"]:
            if row["treatment"] == treatment and value is not None:
                row["ended"] = value.isoformat()
        if of[0] == "spine" and value is not None:
            lists["surgeries"] = [
                s for s in lists["surgeries"] if s.get("date", "9")[:10] <= value.isoformat()
            ]
        return "trials"

    def _operate(
        self,
        rule: str,
        of: Sequence[str],
        value: Any,
        lists: dict[str, list[Any]],
        on: dt.date,
        rng: random.Random,
    ) -> str:
        procedure = "fusion" if "fusion" in of else rng.choice(["discectomy", "decompression"])
        row = {
            "procedure": procedure,
            "region": "lumbar",
            "for_pain": True,
            "date": self.day(on, 400, rng, 0),
        }
        mine = [s for s in lists["surgeries"] if s.get("region") in ("lumbar", "lumbosacral")]
        if rule == "surgery" and not value:
            keep = [s for s in lists["surgeries"] if "fusion" in of and s["procedure"] != "fusion"]
            lists["surgeries"] = keep
            return "surgeries"
        if not mine or ("fusion" in of and not any(s["procedure"] == "fusion" for s in mine)):
            lists["surgeries"].append(row)
            mine.append(row)
        if rule == "surgery-date" and value is not None:
            for each in mine:
                each["date"] = value.isoformat()
        if rule == "surgery-result":
            lists["surgeries"] = [mine[-1]]
            mine[-1].pop("result", None)
            if value is not None:
                mine[-1]["result"] = value
        for each in mine:
            each.update(region="lumbar", for_pain=True)
        return "surgeries"

    def _of_class(self, *words: str) -> list[Medicine]:
        return [
            m
            for m in self.pathway.medicines.values()
            if m.id in words or set(m.classes) & set(words)
        ]

    def _is(self, agent: str, words: Sequence[str]) -> bool:
        medicine = self.pathway.medicines.get(agent)
        return medicine is not None and (
            medicine.id in words or bool(set(medicine.classes) & set(words))
        )


def strategy(generator: Generator) -> st.SearchStrategy[dict[str, Any]]:
    """Return patients as a Hypothesis strategy: plain random ones, and ones built backwards from a rule.

    Half of each patient is then drawn fact by fact, so that Hypothesis can take facts away while shrinking.
    """
    rules = sorted(generator.pathway.rules)

    @st.composite
    def patients(draw: st.DrawFn) -> dict[str, Any]:
        rng = random.Random(draw(st.integers(0, 2**32 - 1)))
        rule = draw(st.sampled_from(["", *rules]))
        data = generator.for_rule(rule, rng) if rule else generator.patient(rng)
        dropped = draw(st.sets(st.sampled_from(sorted(data["facts"]) or [""]), max_size=8))
        facts = {name: value for name, value in data["facts"].items() if name not in dropped}
        on = dt.date.fromisoformat(data["on"])
        for name in draw(st.lists(st.sampled_from(sorted(generator.pathway.facts)), max_size=6)):
            facts[name] = draw(st.sampled_from(generator.values(name, on)))
        return {**data, "facts": facts}

    return patients()


@cache
def generator_of(pathway: str) -> Generator:
    """Return the generator for an installed pathway under its default settings."""
    decider = get_decider(pathway)
    return Generator(decider.pathway, decider.network, decider.voices.settings("default"))
