"""Patients nobody has met: at random, on every border, and built backwards from a rule so that it holds.

All of them are inputs as a client sends them (JSON-like dicts) with a date of the question.
"""

from __future__ import annotations

import datetime as dt
import random
from functools import cache
from typing import Any

from hypothesis import strategies as st

from api.library import get_decider
from rules.invariants.changes import LISTS
from tests.properties.deriving import derive
from tests.properties.rows import OUTCOMES, Rows
from tests.properties.wanting import Wanted, want

DAYS = (dt.date(2026, 3, 1), dt.date(2024, 2, 29), dt.date(2025, 12, 31), dt.date(2026, 1, 1))
PHENOTYPE = (
    "leg_pain_below_knee", "slr_positive", "root_deficit", "radicular_neuropathic_by_clinician",
    "facet_pain_suspected", "muscle_spasm", "trigger_point_findings", "dn4", "pain_pattern",
)  # fmt: skip
"""What kind of pain it is; without these answers nobody gets past the first steps."""


class Generator(Rows):
    """Makes patients for one pathway under one set of settings; all chance comes from the random.Random passed in."""

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
                want(self, self.network.conditions[name], so, wanted, rng, on)
        for name, definition in self.pathway.facts.items():
            deniable = name in self.red or definition.section in ("medical-history", "red-signs")
            if deniable and name not in wanted and self.no(name) is not None:
                data["facts"][name] = self.no(name)
        return self.with_wanted(data, wanted | facts, rng)

    def wanted(self, node: str, rng: random.Random, on: dt.date) -> Wanted:
        wanted: Wanted = {}
        want(self, self.network.conditions[node], True, wanted, rng, on)
        return wanted

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
            given |= {derive(self, name, value, lists, on, rng)}
            whole |= {self.pathway.derivations[name].fact.from_list or ""}
        if facts.get("age") is not None and not isinstance(facts["age"], dict):
            months = facts.get("pain_duration_months")
            if isinstance(months, int | float) and months > (facts["age"] + 1) * 12:
                facts["pain_duration_months"] = facts["age"] * 12
        changed = {key: value for key, value in data.items() if key not in lists}
        if "incomplete" in changed:
            changed["incomplete"] = [n for n in changed["incomplete"] if n not in whole]
        return changed | {"facts": facts} | {name: lists[name] for name in lists if name in given}


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
