"""The lists of synthetic patients: what was operated, tried and taken, at which point of the steps each stands."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa

from api.cohort.synth_facts import Facts, Numbers
from api.cohort.synth_shares import share
from schemas.pathway import Pathway

Rows = tuple[Numbers, dict[str, pa.Array]]
"""Which patient of the block each row belongs to, and the columns."""
_OUTCOMES: tuple[tuple[str, float, dict[str, Any]], ...] = (
    ("failed", 0.62, {"relief_percent": 10.0, "weeks": 52.0, "sessions": 12, "full_dose": True,
                      "technique_sound": True, "stopped_because": "no-effect"}),
    ("intolerant", 0.10, {"stopped_because": "harm"}),
    ("worse", 0.03, {"relief_percent": -10.0, "weeks": 8.0}),
    ("running", 0.06, {"stopped_because": "still-running"}),
    ("inadequate", 0.07, {"relief_percent": 10.0, "weeks": 1.0, "sessions": 1, "full_dose": False,
                          "technique_sound": False}),
    ("partial", 0.06, {"relief_percent": 35.0, "weeks": 12.0, "sessions": 10, "goal_met": False,
                       "odi_points_better": 2}),
    ("responder", 0.04, {"relief_percent": 60.0, "weeks": 20.0, "still_helping": True}),
    ("unknown", 0.02, {}),
)  # fmt: skip
"""How a trial went, how often, and what its row says."""
_COMMON = (
    "ibuprofen", "naproxen", "paracetamol", "gabapentin", "pregabalin", "duloxetine", "amitriptyline", "sertraline",
    "tramadol", "oxycodone", "metformin", "atorvastatin", "lisinopril", "omeprazole", "cyclobenzaprine", "tizanidine",
    "apixaban", "warfarin", "clopidogrel", "aspirin", "diazepam", "zolpidem", "prednisone",
)  # fmt: skip


def rows_of(
    pathway: Pathway, rng: np.random.Generator, facts: Facts, on: dt.date
) -> dict[str, Rows]:
    """Return the rows of all child tables for one block of patients."""
    return {
        "trials": _trials(pathway, rng, facts),
        "medications": _medications(pathway, rng, facts),
        "surgeries": _surgeries(rng, facts, on),
        "overrides": _overrides(pathway, rng, facts),
    }


def _trials(pathway: Pathway, rng: np.random.Generator, facts: Facts) -> Rows:
    reached = rng.choice([0, 1, 2, 3], facts.size, p=[0.3, 0.35, 0.2, 0.15])
    owners, kinds = [], []
    for at, treatment in enumerate(pathway.treatments.values()):
        if treatment.stage:
            open_to = reached >= int(treatment.stage[1:])
            tried = np.flatnonzero(open_to & (rng.random(facts.size) < 0.8))
            owners.append(tried)
            kinds.append(np.full(len(tried), at))
    owner, kind = np.concatenate(owners), np.concatenate(kinds)
    order = np.argsort(owner, kind="stable")
    owner, kind = owner[order], kind[order]
    count, none = len(owner), np.zeros(len(owner), bool)
    names = tuple(pathway.treatments)
    outcome = rng.choice(len(_OUTCOMES), count, p=[often for _, often, _ in _OUTCOMES])
    agents = tuple({a: None for t in pathway.treatments.values() for a in t.agents})
    firsts = [agents.index(t.agents[0]) if t.agents else 0 for t in pathway.treatments.values()]
    many = [max(1, len(t.agents)) for t in pathway.treatments.values()]
    agent = np.array(firsts)[kind] + (rng.random(count) * np.array(many)[kind]).astype(int)
    lacking = ~np.array([bool(t.agents) for t in pathway.treatments.values()])[kind]
    running = outcome == [name for name, _, _ in _OUTCOMES].index("running")
    odd = rng.random(count) < share("trial that still runs and has an end")
    held: dict[str, pa.Array] = {
        "treatment": facts.words(names, kind, none),
        "agent": facts.words(agents, agent, lacking | (rng.random(count) < 0.1)),
        "ended": facts.dates(rng.integers(60, 1500, count), (running & ~odd) | (rng.random(count) < 0.1)),
    }  # fmt: skip
    for column in dict.fromkeys(key for _, _, row in _OUTCOMES for key in row):
        values = pa.array([row.get(column) for _, _, row in _OUTCOMES])
        held[column] = values.take(pa.array(outcome))
    return owner, held


def _medications(pathway: Pathway, rng: np.random.Generator, facts: Facts) -> Rows:
    owner = np.repeat(np.arange(facts.size), rng.poisson(1.6, facts.size))
    count = len(owner)
    known = [name for name in _COMMON if name in pathway.medicines] or list(pathway.medicines)[:20]
    others = [name.upper() for name in known]
    words = (*known, *others, "unheard of")
    at = rng.integers(0, len(known), count)
    at = at + np.where(rng.random(count) < share("medicine under another spelling"), len(known), 0)
    at = np.where(rng.random(count) < share("medicine nobody knows"), len(words) - 1, at)
    stopped = rng.random(count) < 0.1
    odd = rng.random(count) < share("active medicine with a date of stopping")
    days = rng.integers(30, 900, count)
    held = {
        "agent": facts.words(words, at, np.zeros(count, bool)),
        "dose_mg_per_day": pa.array(rng.choice([5.0, 20.0, 49.5, 300.0], count), mask=rng.random(count) < 0.5),
        "status": facts.words(("active", "stopped"), stopped.astype(int), np.zeros(count, bool)),
        "started": facts.dates(days, rng.random(count) < 0.3),
        # By the day always, and after any start: the order of two vague dates would be a matter of chance.
        "stopped": pa.array(np.full(count, facts.on.isoformat()), mask=~(stopped | odd)),
    }  # fmt: skip
    return owner, held


def _surgeries(rng: np.random.Generator, facts: Facts, on: dt.date) -> Rows:
    times = rng.choice([0, 1, 2, 3], facts.size, p=[0.03, 0.78, 0.15, 0.04])
    owner = np.repeat(np.arange(facts.size), times)
    count, none = len(owner), np.zeros(len(owner), bool)

    def pick(words: tuple[str, ...], often: list[float], gone: float) -> pa.Array:
        return facts.words(words, rng.choice(len(words), count, p=often), rng.random(count) < gone)

    days = facts.dates(rng.integers(90, 3_600, count), rng.random(count) < 0.03).cast(pa.string())
    wrong, ahead = share("date that is none"), share("operation in the future")
    chance = rng.random(count)
    later = (on + dt.timedelta(days=400)).isoformat()
    days = pa.compute.if_else(pa.array(chance < wrong), "2024-02-31", days)
    days = pa.compute.if_else(pa.array((chance >= wrong) & (chance < wrong + ahead)), later, days)
    procedures = ("discectomy", "decompression", "fusion", "disc-replacement", "other")
    held = {
        "procedure": facts.words(procedures, rng.choice(5, count, p=[0.4, 0.25, 0.27, 0.03, 0.05]), none),
        "region": pick(("lumbar", "lumbosacral", "thoracic", "cervical"), [0.7, 0.25, 0.02, 0.03], 0.01),
        "date": days,
        "for_pain": pa.array(rng.random(count) < 0.97, mask=rng.random(count) < 0.02),
        "result": pick(("no-improvement", "partial", "full-then-recurred", "worse"), [0.4, 0.35, 0.2, 0.05], 0.05),
    }  # fmt: skip
    return owner, held


def _overrides(pathway: Pathway, rng: np.random.Generator, facts: Facts) -> Rows:
    owner = np.flatnonzero(rng.random(facts.size) < 0.01)
    count, none = len(owner), np.zeros(len(owner), bool)
    names = tuple(pathway.treatments)
    held = {
        "treatment": facts.words(names, rng.integers(0, len(names), count), none),
        "lifts": facts.words(("not-yet", "block-unless-justified"), rng.integers(0, 2, count), none),
        "who": facts.words(("an invented clinician",), np.zeros(count, int), none),
        "when": facts.words((facts.on.isoformat(),), np.zeros(count, int), none),
        "why": facts.words(("talked through with the invented patient",), np.zeros(count, int), none),
    }  # fmt: skip
    return owner, held
