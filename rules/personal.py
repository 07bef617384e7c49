"""Which facts count as which personal attribute: one table, each row with its argument.

The attributes are those a US certified product must show for a decision support intervention. What counts as *health
status* follows the United States Core Data for Interoperability (functional, disability, mental, pregnancy and smoking
status; from its fourth version alcohol, substance use and physical activity too). A fact may stand under two
attributes: whoever looks under either heading must find it, and a card that shows too much harms nobody.

A fact is found by its name, or by a telling word in its name or title, so that a pathway which one day asks for
ethnicity cannot pass for one that does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from schemas.facts import FactDefinition

_SCORE = "a score of how the patient fares, by questionnaire or rating"
_PAIN = "the patient's own rating of pain"
_MENTAL = "mental or cognitive status"
_FUNCTION = "functional status"
_HABIT = "a habit asked about as health status; also often counted among social circumstances"
_SOCIAL = "a social circumstance; a candidate, because it is asked for a clinical reason"


@dataclass(frozen=True)
class Personal:
    """One personal attribute and how to recognise it."""

    number: int
    attribute: str
    telling: str
    """Words (a regular expression over whole words) that give a fact away in its name or title."""
    facts: dict[str, str] = field(default_factory=dict)
    """Facts known to count, each with the argument."""

    def argument(self, fact: FactDefinition) -> str | None:
        """Say why *fact* counts as this attribute; None when it does not."""
        if fact.name in self.facts:
            return self.facts[fact.name]
        text = f"{fact.name.replace('_', ' ')}; {fact.title}".lower()
        found = re.search(rf"\b(?:{self.telling})\b", text)
        return f"its name or title speaks of `{found.group()}`" if found else None


PERSONAL: tuple[Personal, ...] = (
    Personal(5, "race", "race|racial"),
    Personal(6, "ethnicity", "ethnicity|ethnic|ancestry|hispanic|nationality"),
    Personal(7, "language", "language|interpreter"),
    Personal(8, "sexual orientation", "sexual orientation|sexuality"),
    Personal(9, "gender identity", "gender|gender identity|transgender|pronouns"),
    Personal(10, "sex", "sex|gender", {"sex": "the recorded sex, asked because of pregnancy"}),
    Personal(
        11,
        "date of birth",
        "birth|birthday|born|age",
        {
            "age": "age stands for the date of birth, which itself is not asked for",
            "new_pain_type_after_50": "the question holds an age limit, so its answer tells age",
        },
    ),
    Personal(
        12,
        "social determinants of health",
        "housing|homeless|income|insurance|employment|occupation|job|education|literacy|food|"
        "transport|transportation|poverty|veteran|caregiver|lives alone|compensation|litigation",
        {
            "smoker": _HABIT,
            "alcohol_risk": _HABIT,
            "substance_use_disorder": _HABIT,
            "hazardous_job": _SOCIAL,
            "unresolved_compensation": _SOCIAL,
        },
    ),
    Personal(
        13,
        "health status assessments",
        "score|index|scale|questionnaire|disability|tool",
        {
            **dict.fromkeys(("smoker", "alcohol_risk"), "smoking or alcohol status"),
            **dict.fromkeys(("opioid_use_disorder", "substance_use_disorder"), "substance use"),
            **dict.fromkeys(("pregnant", "gestation_weeks", "breastfeeding"), "pregnancy status"),
            **dict.fromkeys(("phq9", "phq9_item9", "gad7", "pcs", "ort"), _SCORE),
            **dict.fromkeys(("odi_percent", "peg", "dn4", "paindetect"), _SCORE),
            "start_back_high_risk": _SCORE,
            **dict.fromkeys(("pain_back_nrs", "pain_leg_nrs", "relief_percent"), _PAIN),
            **dict.fromkeys(("suicidal_thoughts", "psychiatric_illness_unsettled"), _MENTAL),
            **dict.fromkeys(("new_confusion", "delirium_history"), _MENTAL),
            "psychological_evaluation": _MENTAL,
            **dict.fromkeys(("can_operate_device", "odi_points_better", "goal_met"), _FUNCTION),
            "falls_history": "risk of falls is named under functional status",
        },
    ),
)
