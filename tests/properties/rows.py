"""Single answers and rows of a patient nobody has met: on every border, written the way some client would."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Sequence
from typing import Any

from rules.invariants.changes import values_of
from rules.leaves import Settings
from rules.network import Network
from schemas.condition import Leaf
from schemas.facts import FactKind
from schemas.pathway import Effect, Medicine, Pathway

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


class Rows:
    """Makes answers and rows for one pathway under one set of settings; all chance comes from what is passed in."""

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
                agent = rng.choice([m.id for m in self.of_class(word)])
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

    # -- classes of medicines ------------------------------------------------------------------------

    def of_class(self, *words: str) -> list[Medicine]:
        """Return the medicines that are, or belong to, one of *words*."""
        return [
            m
            for m in self.pathway.medicines.values()
            if m.id in words or set(m.classes) & set(words)
        ]

    def is_of(self, agent: str, words: Sequence[str]) -> bool:
        """Tell whether *agent* is, or belongs to, one of *words*."""
        medicine = self.pathway.medicines.get(agent)
        return medicine is not None and (
            medicine.id in words or bool(set(medicine.classes) & set(words))
        )
