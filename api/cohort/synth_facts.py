"""The stated facts of synthetic patients: plausible on the whole, with gaps, old answers and faults by their shares."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa

from api.cohort.synth_shares import share
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Pathway

Numbers = np.ndarray[Any, np.dtype[Any]]
_OFTEN = {"medical-history": 0.03, "examination": 0.4, "imaging": 0.08, "preparation": 0.75}
"""How often a yes/no question of a section is answered with yes; elsewhere 0.3."""
_YES = {
    "pain_now": 0.97, "pregnant": 0.01, "breastfeeding": 0.005, "smoker": 0.25, "alcohol_risk": 0.08,
    "hazardous_job": 0.03, "unresolved_compensation": 0.08, "imaging_concordant": 0.6, "lead_path_imaged": 0.6,
    "cancer_history": 0.005, "known_aaa": 0.001, "bilateral_leg_pain": 0.003, "night_pain": 0.002,
    "surgery_technique_inadequate": 0.02, "postoperative_plan_followed": 0.85, "cause_recorded": 0.4,
    "findings_do_not_fit": 0.02, "psychiatric_illness_unsettled": 0.04, "declines_injection": 0.05,
    "declines_stimulation": 0.08, "surgeon_restricts_therapy": 0.03, "diathermy_needed": 0.01,
    "opioid_justified_by_planned_surgery": 0.02, "hypertension": 0.3, "diabetes": 0.14, "kidney_disease": 0.06,
    "widespread_pain": 0.1, "no_improvement_in_a_month": 0.002,
    "can_operate_device": 0.95, "nsaid_allergy": 0.02,
    "active_gi_bleed_or_ulcer": 0.01, "spinal_tumour_at_level": 0.002,
    "correctable_lesion_with_serious_deficit": 0.003, "active_infection": 0.006, "infection_at_site": 0.003,
}  # fmt: skip
_NORMAL = {
    "age": (54, 14, 18, 95), "temperature_c": (36.7, 0.35, 35.4, 37.7), "pulse": (74, 9, 50, 100),
    "respiratory_rate": (15, 2, 10, 20), "systolic_bp": (132, 14, 100, 180), "pvr_ml": (30, 25, 0, 90),
    "weakness_mrc": (5, 0.1, 5, 5), "phq9_item9": (0, 0.01, 0, 0), "pain_back_nrs": (5.5, 2, 0, 10),
    "pain_leg_nrs": (4.5, 2.5, 0, 10), "pain_duration_months": (30, 25, 1, 180), "egfr": (84, 20, 10, 130),
    "hba1c_percent": (5.9, 0.8, 4, 12), "glucose_mg_dl": (110, 25, 60, 400), "platelets": (250, 60, 60, 600),
    "inr": (1.05, 0.2, 0.8, 4), "mme_per_day": (5, 15, 0, 200), "odi_percent": (40, 15, 0, 100), "peg": (5, 2, 0, 10),
    "dn4": (3.5, 2, 0, 10), "paindetect": (15, 7, -1, 38), "trigger_point_findings": (1.2, 1.2, 0, 4),
    "phq9": (7, 5, 0, 27), "gad7": (6, 4, 0, 21), "pcs": (20, 10, 0, 52), "ort": (2, 2, 0, 26),
    "gestation_weeks": (15, 8, 1, 40), "sij_tests_positive": (1, 1.2, 0, 5), "mbb_blocks_done": (0.8, 1, 0, 3),
    "mbb_relief_percent": (60, 25, 0, 100), "sij_blocks_done": (0.3, 0.6, 0, 2),
    "sij_block_relief_percent": (55, 25, 0, 100), "scs_trial_relief_percent": (50, 22, 0, 100),
}  # fmt: skip
"""Mean, spread, least and most of the numbers."""
_DATED = (
    "egfr", "platelets", "inr", "hba1c_percent", "odi_percent", "phq9", "pregnant", "slr_positive", "dn4",
    "psychological_evaluation", "pain_back_nrs", "leg_pain_below_knee",
)  # fmt: skip
"""Facts that carry their date; a column each would be most of the file."""
_AFTER = (
    "mbb_relief_percent",
    "sij_block_relief_percent",
    "scs_trial_relief_percent",
    "weakness_mrc",
    "mme_per_day",
)
"""Numbers that only some have, because something was done first."""
_DAYS = 4_000


class Facts:
    """The facts of one block of patients."""

    def __init__(self, pathway: Pathway, rng: np.random.Generator, size: int, on: dt.date) -> None:
        self.pathway, self.rng, self.size, self.on = pathway, rng, size, on
        kind = rng.random(size)
        every = share("chart in which every question is answered")
        some = share("chart with some gaps")
        self.gaps = np.select(
            [kind < every, kind < every + some],
            [0.0, share("answer missing where there are some gaps")],
            share("answer missing where there is hardly anything"),
        )
        self._texts = [(on - dt.timedelta(days=days)).isoformat() for days in range(_DAYS)]

    def columns(self) -> dict[str, pa.Array]:
        """Return the columns of all facts, some dates, some reasons."""
        found: dict[str, pa.Array] = {}
        for name, definition in self.pathway.facts.items():
            gone = self.rng.random(self.size) < self.gaps
            found[name] = self._column(definition, gone)
            if name in _DATED:
                found[f"{name}__date"] = self._recorded(definition, gone)
                told = gone & (self.rng.random(self.size) < share("reason given for a missing answer"))  # fmt: skip
                words = ("not-asked", "asked-but-unknown", "unavailable")
                found[f"{name}__unknown"] = self.words(words, self.rng.integers(0, 3, self.size), ~told)  # fmt: skip
        return found

    def words(self, words: tuple[str, ...], at: Numbers, gone: Numbers) -> pa.Array:
        """Return texts by their place in *words*; null where *gone*."""
        places = pa.array(at.astype(np.int32), mask=gone)
        return pa.DictionaryArray.from_arrays(places, pa.array(words))

    def dates(self, days: Numbers, gone: Numbers) -> pa.Array:
        """Return the day so many *days* before the question, some by month or year only."""
        chance, year = self.rng.random(len(days)), share("date by its year only")
        cut = np.where(chance < year, 2, np.where(chance < year + share("date by its month only"), 1, 0))  # fmt: skip
        texts = [*self._texts, *(t[:7] for t in self._texts), *(t[:4] for t in self._texts)]
        places = pa.array((np.clip(days, 0, _DAYS - 1) + cut * _DAYS).astype(np.int32), mask=gone)
        unique, back = np.unique(np.array(texts), return_inverse=True)
        return pa.DictionaryArray.from_arrays(
            pa.array(back.astype(np.int32)).take(places), pa.array(unique)
        )

    def lists(self, left_out: float, incomplete: float) -> pa.Array:
        """Return how whole a list is; charts without gaps have whole lists more often."""
        chance = self.rng.random(self.size) + np.where(self.gaps == 0, incomplete / 2, 0)
        gone = chance < left_out
        return self.words(("whole", "incomplete"), (chance < left_out + incomplete).astype(int), gone)  # fmt: skip

    # -- one fact ----------------------------------------------------------------------------------

    def _column(self, definition: FactDefinition, gone: Numbers) -> pa.Array:
        match definition.kind:
            case FactKind.BOOLEAN:
                return self._yes(definition, gone)
            case FactKind.INTEGER | FactKind.DECIMAL:
                return self._number(definition, gone)
            case FactKind.DATE:
                gone = gone | (self.rng.random(self.size) < (0.97 if definition.ahead else 0.2))
                days = self.rng.integers(1, 900, self.size)
                return self.dates(-days % 200 if definition.ahead else days, gone)
            case _:
                return self._choice(definition, gone)

    def _yes(self, definition: FactDefinition, gone: Numbers) -> pa.Array:
        often = _OFTEN.get(definition.section, 0.3)
        if definition.section == "red-signs":
            often = share("red-sign question answered with yes")
        often = _YES.get(definition.name, often)
        yes = self.rng.random(self.size) < often
        if definition.name == "pregnant":
            odd = self.rng.random(self.size) < share("man recorded as pregnant (of men)")
            yes = (yes & (self.sex == 0)) | (odd & (self.sex == 1))
            self.pregnant = yes
        return pa.array(yes, mask=gone)

    def _choice(self, definition: FactDefinition, gone: Numbers) -> pa.Array:
        words = definition.choices
        chance = self.rng.random(self.size)
        if "none" in words:
            red = definition.section == "red-signs"
            yes = share("red-sign question answered with yes") if red else 0.06
            others = np.array([at for at, word in enumerate(words) if word != "none"])
            other = others[self.rng.integers(0, len(others), self.size)]
            at = np.where(chance < yes, other, words.index("none"))
        else:
            at = (chance * len(words)).astype(int)
        if definition.name == "sex":
            at = np.where(chance < 0.55, 0, np.where(chance < 0.995, 1, 2))
            self.sex = at
        if definition.name == "pain_pattern":
            # Here a few write what nobody knows.
            at = np.where(self.rng.random(self.size) < share("word nobody knows"), len(words), at)
            words = (*words, "all over")
        return self.words(words, at, gone)

    def _number(self, definition: FactDefinition, gone: Numbers) -> pa.Array:
        low, high = float(definition.minimum or 0), float(definition.maximum or 0)
        mean, spread, least, most = _NORMAL.get(
            definition.name, ((low + high) / 2, (high - low) / 6, low, high)
        )
        values = np.clip(self.rng.normal(mean, spread, self.size), least, most)
        if definition.name == "age":
            values = np.where(self.rng.random(self.size) < share("number out of range"), 430, values)  # fmt: skip
        if definition.name == "pain_duration_months":
            long = self.rng.random(self.size) < share("pain longer than life")
            values = np.where(long, 1199, values)
        if definition.name == "gestation_weeks":
            gone = gone | ~self.pregnant
        if definition.name in _AFTER:
            gone = gone | (self.rng.random(self.size) < 0.8)
        if definition.kind is FactKind.INTEGER:
            return pa.array(np.rint(values).astype(np.int64), mask=gone)
        return pa.array(np.round(values, 1), mask=gone)

    def _recorded(self, definition: FactDefinition, gone: Numbers) -> pa.Array:
        shelf = definition.shelf_days or 400
        days = (self.rng.random(self.size) * shelf * 0.9).astype(int)
        old = self.rng.random(self.size) < share("dated answer that is too old")
        days = np.where(old, shelf + 1 + days, days)
        undated = self.rng.random(self.size) >= share("answer with its date")
        return self.dates(days, gone | undated)
