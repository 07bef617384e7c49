"""The exceptions to the statements, each with what it may do and the argument why that is right.

A proof finds its exceptions by itself and compares them with this list. What is not listed here, or does more than
is listed here, leaves its statement unproved; what is listed here and no longer found is reported too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Argument:
    """What an exception may do, in the words of the statement, and why."""

    does: tuple[str, ...]
    why: str


STOPS, ASKS = "stops it", "asks again"
WEAKENS, LIFTS = "withdraws or weakens an offer", "lifts a block or a hold"
OPENS_STEP, INDICATES = "opens what was not yet", "makes an indication"
CLOSES = "closes a stage that was open without it"

_WHEN_RECORDED = (
    "it is rarely recorded and its absence changes nothing by intention; recorded, it only makes the answer more "
    "careful"
)
_CHANCE = (
    "it is rarely recorded, so it rules the treatment out when it is recorded; a treatment ruled out has had its "
    "chance, and what waited "
    "for it may follow"
)
_RED_MEASURE = (
    "a measurement or detail of a red sign that may be absent; a bad one is an alarm whatever else was answered, "
    "and an alarm holds everything"
)
_ON_RECORD = (
    "nobody is asked for a diagnosis on record, because its signs are asked; one that is recorded is no weaker "
    "than its signs, and holds everything until somebody has said that it is old"
)
_SCREEN = (
    "one positive screen is enough and a screen that was not done counts for nothing; so a further screen can "
    "make pain neuropathic, and the "
    "phenotype decides which treatments are indicated and which of them a stage waits for"
)

LEARNING: dict[str, Argument] = {
    "dn4": Argument((ASKS, WEAKENS, OPENS_STEP, INDICATES), _SCREEN),
    "paindetect": Argument((ASKS, WEAKENS, OPENS_STEP, INDICATES), _SCREEN),
    "pain_mechanism": Argument(
        (ASKS, WEAKENS, OPENS_STEP),
        "while the mechanism is unknown the NSAID stays the default; in pure nerve pain it is an option the "
        "stage need not wait for",
    ),
    "sij_tests_positive": Argument(
        (ASKS, LIFTS, INDICATES),
        "sacroiliac tests are asked for only where the pain sits in the buttock; recorded elsewhere they show a "
        "second target, for which a negative "
        "block of the facet nerves is no obstacle",
    ),
    "cabg_perioperative": Argument((STOPS, ASKS, OPENS_STEP, INDICATES), _CHANCE),
    "bariatric_surgery": Argument((STOPS, ASKS, OPENS_STEP, INDICATES), _CHANCE),
    "egfr": Argument(
        (STOPS, ASKS, OPENS_STEP, INDICATES),
        "the eGFR is asked for in older age and in kidney disease; in others its absence changes nothing, and a "
        "low one that is recorded rules "
        "NSAIDs out, so that the next step may follow",
    ),
    "pregnant": Argument(
        (STOPS, ASKS, OPENS_STEP, INDICATES),
        "pregnancy is asked of those who may be pregnant; one that is stated counts for everybody: it holds "
        "needles and, late, rules NSAIDs out",
    ),
    "opioid_justified_by_planned_surgery": Argument(
        (STOPS, ASKS, OPENS_STEP, INDICATES),
        "a short opioid around an operation is an option only when a clinician records that it is wanted; beside "
        "a benzodiazepine it then rules "
        "relaxants out, which thereby have had their chance",
    ),
    "acute_foot_drop": Argument((STOPS,), _RED_MEASURE),
    "weakness_rapid": Argument((STOPS,), _RED_MEASURE),
    "upper_motor_neuron_rapid": Argument((STOPS,), _RED_MEASURE),
    "temperature_c": Argument((STOPS,), _RED_MEASURE),
    "spine_unstable": Argument((STOPS,), _RED_MEASURE),
    "pvr_ml": Argument((STOPS,), _RED_MEASURE),
    "cauda_equina_recorded": Argument((STOPS,), _ON_RECORD),
    "vertebral_fracture_recorded": Argument((STOPS,), _ON_RECORD),
    "haematoma_recorded": Argument((STOPS,), _ON_RECORD),
    "inflammatory_markers_raised": Argument(
        (STOPS, ASKS),
        "raised markers are an alarm together with worse back pain, which then has to be asked before the screen "
        "is complete",
    ),
    "weakness_mrc": Argument(
        (LIFTS,),
        "a grade that nobody recorded counts as severe, because the patient with a foot drop would be harmed by "
        "the other reading; a mild grade "
        "settles that",
    ),
    "leg_weakness": Argument(
        (LIFTS,),
        "a reduced grade of unknown onset counts as an open sign; that the weakness is old, documented and "
        "assessed settles it",
    ),
    "stimulator_implanted": Argument(
        (WEAKENS,),
        "asked for where redness is reported; where a stimulator is in place no second one is offered",
    ),
    "platelets": Argument((STOPS,), _WHEN_RECORDED),
    "inr": Argument((WEAKENS,), _WHEN_RECORDED),
    "hba1c_percent": Argument((WEAKENS,), _WHEN_RECORDED),
    "glucose_mg_dl": Argument((WEAKENS,), _WHEN_RECORDED),
    "ort": Argument((STOPS,), _WHEN_RECORDED),
    "surgeon_restricts_therapy": Argument((WEAKENS,), _WHEN_RECORDED),
    "unstable_cardiac_disease": Argument((STOPS, WEAKENS), _WHEN_RECORDED),
    "declines_stimulation": Argument((STOPS,), _WHEN_RECORDED),
    "scs_trial_relief_percent": Argument((STOPS,), _WHEN_RECORDED),
    "declines_injection": Argument(
        (STOPS, ASKS, OPENS_STEP),
        "nobody is asked whether an injection is declined before it is offered; declined, it has had its chance, "
        "and the next stage may follow",
    ),
    "spinal_tumour_at_level": Argument((STOPS, ASKS, OPENS_STEP), _CHANCE),
}
"""Facts asked for by `known()` that can overturn a verdict when they become known."""

OPENS: dict[str, Argument] = {
    "dn4": Argument((CLOSES,), _SCREEN),
    "paindetect": Argument((CLOSES,), _SCREEN),
    "sij_tests_positive": Argument(
        (CLOSES,),
        "a second target for ablation means that ablation has not had its chance yet",
    ),
}
"""Facts without which a stage counts as passed that is not passed with them."""

SETTLES: dict[str, Argument] = {
    "acute_foot_drop": Argument(
        ("closes R2b",), "a foot drop makes mild weakness severe: R2 takes the place of R2b"
    ),
    "weakness_mrc": Argument(
        ("closes R2",),
        "the grade settles whether the weakness is severe; mild weakness is R2b or old",
    ),
    "leg_weakness": Argument(
        ("closes R2", "closes R6"),
        "the onset settles whether a reduced grade is old and documented, and so neither new nor a consequence "
        "of the procedure",
    ),
}
"""Facts that can close an open red sign: each settles the very sign it closes."""

TRIAL: dict[str, Argument] = {
    "relief_percent": Argument(
        ("overturns running", "overturns failed", "overturns inadequate"),
        "stopped for lack of effect is read as failure only while no relief was measured; a measured relief "
        "speaks for itself, and may show a "
        "running trial to help already",
    ),
    "still_helping": Argument(
        ("overturns responder",),
        "a treatment that helped counts as helping until it is recorded that it wore off",
    ),
    "stopped_because": Argument(
        (
            "overturns worse",
            "overturns worn-off",
            "overturns responder",
            "overturns partial",
            "overturns failed",
            "overturns inadequate",
        ),
        "why it was stopped is rarely recorded and not asked for; harm outweighs any relief, and a trial that is "
        "still running is not judged yet",
    ),
}
"""Details of a trial whose recording can overturn how it was judged."""

# Red signs

READ_BESIDE: dict[str, Argument] = {
    "last_spine_procedure": Argument(
        ("read by a red sign",),
        "the same deficit is an emergency soon after a procedure; the date of the procedure is asked with the "
        "operations",
    ),
    "stimulator_implanted": Argument(
        ("read by a red sign",),
        "redness at a stimulator says nothing where none is in place; whether one is in place is asked with the "
        "history",
    ),
}
"""Facts outside the section of red signs that the red signs read."""

LOWER_URGENCY: dict[str, Argument] = {
    "leg_weakness": Argument(
        ("open, and less urgent than U1",),
        "mild weakness (above the severe grade), new or of unknown onset and without a foot drop, is R2b: within "
        "two weeks",
    ),
}
"""Signs of new, worsening or unknown onset for which a lower urgency is named."""

GIVES_WAY: dict[str, Argument] = {
    "R2b": Argument(
        ("gives way to a more urgent sign of the same fact",),
        "mild weakness that turns out severe, worsening or with a foot drop is R2 instead, which is more urgent "
        "and speaks of the same leg",
    ),
}
"""Signs that a worse answer replaces by a more urgent one."""

# Blocks

REPLACED: dict[str, Argument] = {
    "pair-x9-snri": Argument(
        ("goes when egfr adds a contraindication of neuropathic-agent",),
        "it speaks of an NSAID offered beside the SNRI; a kidney too weak for duloxetine is too weak for the "
        "NSAID, which is then no longer offered",
    ),
    "pair-x3-opioid": Argument(
        ("goes when age adds a contraindication of opioid",),
        "it speaks of a relaxant offered beside the opioid; in older age, which blocks the opioid, the relaxants "
        "may be blocked too",
    ),
    "opioid-disagreement": Argument(
        ("goes when age adds a contraindication of opioid",),
        "it stands beside an indication of an opioid; where older age leaves open whether the other medicines "
        "had their chance, none is offered",
    ),
    "rfa-mild-pain": Argument(
        (
            "goes when mbb_blocks_done adds a contraindication of radiofrequency-ablation",
            "goes when mbb_relief_percent adds a contraindication of radiofrequency-ablation",
        ),
        "it stands beside facet pain that can still be aimed at; a negative block ends that and blocks the ablation",
    ),
}
"""Cautions that go when a contraindication is added, each with why nobody is the worse for it."""

LOWERED: dict[str, Argument] = {}
"""Contraindications that lower the urgency: none."""

# Opioids

ONLY_OFFER: dict[str, Argument] = {
    "opioid-around-surgery": Argument(
        tuple(
            f"an opioid is the only offer while {medicine} is open"
            for medicine in ("nsaid", "muscle-relaxant", "neuropathic-agent")
        ),
        "a short course around an operation is recorded as wanted by the clinician, who stands at the bedside; "
        "an NSAID has had its turn even then",
    ),
}
"""Where an opioid may stand alone beside medicines that still need an answer."""

# What is never found

_CARISOPRODOL = Argument(
    ("no patient can show it",),
    "carisoprodol is never open while a relaxant is offered: another relaxant comes first, and after one that "
    "failed the class has had its chance; "
    "the rule stays as a reason shown beside the block",
)

NEVER_DENIED: dict[str, Argument] = {
    "neuropathic-kidney-known": Argument(
        ("no patient can show it",),
        "it holds as soon as an eGFR is recorded and is open before; so the treatment waits for data and is "
        "never refused for want of them",
    ),
}
"""Rules that are never definitely false."""

HIDDEN: dict[str, Argument] = {
    "hold-aneurysm-therapy": Argument(
        ("no patient can show it",),
        "each of its grounds also opens R10, whose urgency holds therapy already; it stays because its reason "
        "names the danger, and all reasons are shown",
    ),
    "relaxant-porphyria": _CARISOPRODOL,
    "relaxant-carisoprodol-misuse": _CARISOPRODOL,
    "relaxant-carisoprodol": _CARISOPRODOL,
}
"""Rules that never decide alone."""

UNREACHED: dict[str, Argument] = {
    "neuropathic-agent not-yet": Argument(
        ("no patient can show it",),
        "its only prerequisite is that the kidney function is known, which can be open but not unmet",
    ),
}
"""Verdicts no patient has although a rule speaks of them."""

_ASKED_HERE = (
    "a value that is recorded counts for everybody, by the first half of the condition; the second half repeats "
    "the comparison for those of "
    "whom the value is asked, and only turns its absence into a question"
)

ONE_SIDED: dict[str, Argument] = {
    "safety-kidney": Argument(
        ("compare egfr < egfr_nsaid_block #2", "compare age >= age_older", "is kidney_disease"),
        _ASKED_HERE,
    ),
    "nsaid-kidney-failure": Argument(
        ("compare egfr < egfr_nsaid_block #2", "compare age >= age_older", "is kidney_disease"),
        _ASKED_HERE,
    ),
    "neuropathic-duloxetine-kidney": Argument(
        ("compare egfr < egfr_severe #2", "compare age >= age_older", "is kidney_disease"),
        _ASKED_HERE,
    ),
    "esi-hba1c-hold": Argument(("compare hba1c_percent >= a1c_hold_esi_percent #2",), _ASKED_HERE),
    "scs-hba1c-hold": Argument(("compare hba1c_percent >= a1c_hold_scs_percent #2",), _ASKED_HERE),
    "neuropathic": Argument(
        ("ref neuropathic_screened", "compare dn4 >= dn4_positive #2"),
        "a screen that was done counts by the comparison before it; this half asks for one where none was done",
    ),
    "sacroiliac": Argument(("compare sij_tests_positive >= sij_tests_needed #2",), _ASKED_HERE),
    "opioid_dose_of_risk": Argument(
        ("known mme_per_day", "is taking_opioid", "compare mme_per_day >= mme_risk_per_day #2"),
        _ASKED_HERE,
    ),
    "pregnant_now": Argument(
        ("is pregnant #2", "one-of sex ('male',)", "compare age <= pregnancy_age_max"), _ASKED_HERE
    ),
    "breastfeeding_now": Argument(
        ("is breastfeeding #2", "one-of sex ('male',)", "compare age <= pregnancy_age_max"),
        _ASKED_HERE,
    ),
    "r11-rapid": Argument(
        ("is cord_compression_signs",),
        "signs that are rapidly worse are open by definition; signs of compression beside them make it a "
        "question how fast they came",
    ),
    "weakness_open": Argument(
        ("one-of leg_weakness ('stable',)",),
        "it spares old, documented weakness; any other word for weakness opens the sign by itself, and none of "
        "it contradicts the grade",
    ),
}
"""Comparisons that matter where they stand, but never make the condition hold in one patient and fail in
another: most make a question of it.
"""

REDUNDANT: dict[str, Argument] = {}
"""Comparisons that never change anything: none."""
