"""Thirty-six conclusions of the pathway written by hand in Polars, as someone who knows Polars would write them.

They are what the columns made from the documents are measured against; a comparison of the answers comes first. Only
for measuring: the documents change, and these lines do not.
"""

from __future__ import annotations

import polars as pl

OPEN = ("new", "worsening", "onset-unknown")


def _open(fact: str) -> pl.Expr:
    column = pl.col(fact)
    return (column == OPEN[0]) | (column == OPEN[1]) | (column == OPEN[2])


def _known(fact: str) -> pl.Expr:
    return pl.col(fact).is_not_null()


def _recorded(fact: str) -> pl.Expr:
    return _known(fact) & _open(fact)


def _within(fact: str, days: int) -> pl.Expr:
    """Tell whether a date, known to a day or only to a month or year, lies in the last *days*; null: cannot be told."""
    begins, ends, on = pl.col(f"{fact}__from"), pl.col(f"{fact}__to"), pl.col("on")
    border = on - pl.duration(days=days)
    unclear = (ends >= border) & pl.lit(None, dtype=pl.Boolean)
    return (begins <= on) & ((begins >= border) | unclear)


def by_hand(reading: pl.LazyFrame, numbers: dict[str, float]) -> pl.LazyFrame:
    """Return the conclusions as columns named like their nodes; *numbers* are the settings."""
    col = pl.col
    high = _known("pvr_ml") & (col("pvr_ml") >= numbers["pvr_high_ml"])
    hot = col("temperature_c") >= numbers["sepsis_temperature_c"]
    first = reading.with_columns(
        bladder_open=_open("bladder_disturbance"),
        bowel_open=_open("bowel_disturbance"),
        sphincter_unexplained=(
            (col("bladder_disturbance") == "stable") | (col("bowel_disturbance") == "stable")
        )
        & ~col("sphincter_cause_documented"),
        saddle_open=_open("saddle_sensation_change"),
        sexual_open=_open("sexual_dysfunction"),
        both_legs_open=_open("both_legs_deficit"),
        umn_open=_open("upper_motor_neuron_signs")
        | (_known("upper_motor_neuron_rapid") & col("upper_motor_neuron_rapid")),
        fever_found=col("fever_or_chills") | (_known("temperature_c") & hot),
        recent_procedure=_within(
            "last_spine_procedure", int(numbers["retention_after_procedure_days"])
        ),
        fracture_on_record=_recorded("vertebral_fracture_recorded"),
        unstable_spine=_known("spine_unstable") & col("spine_unstable"),
        red_flags_weak_one=col("cancer_history")
        | col("unexplained_weight_loss")
        | col("night_pain")
        | col("new_pain_type_after_50")
        | col("pain_at_several_sites")
        | col("no_improvement_in_a_month"),
        high=high,
    )
    second = first.with_columns(
        cauda_equina_feature=col("bladder_open")
        | col("bowel_open")
        | col("sphincter_unexplained")
        | col("saddle_open")
        | col("sexual_open")
        | col("both_legs_open"),
        skeletal_alarm=col("spine_trauma")
        | col("sudden_severe_spinal_pain")
        | col("new_spinal_deformity")
        | col("fracture_on_record"),
        on_record=_recorded("cauda_equina_recorded"),
        retention=col("bladder_open") & col("recent_procedure"),
        residual=col("high") & col("recent_procedure"),
        known_cancer=col("cancer_history")
        & (col("back_pain_much_worse") | col("sudden_severe_spinal_pain")),
        after_procedure=col("severe_pain_after_procedure") | col("numbness_after_procedure"),
        haematoma=_recorded("haematoma_recorded"),
        rupture=col("shock_with_abdominal_or_back_pain") | col("pulsatile_abdominal_mass"),
        aneurysm=col("known_aaa")
        & (col("back_pain_much_worse") | col("sudden_severe_spinal_pain")),
        cord=col("umn_open") | col("cord_compression_signs"),
    )
    cauda = col("cauda_equina_feature")
    return second.select(
        "patient",
        *("bladder_open", "bowel_open", "sphincter_unexplained", "saddle_open", "sexual_open"),
        *("both_legs_open", "cauda_equina_feature", "umn_open", "fever_found", "recent_procedure"),
        *("fracture_on_record", "skeletal_alarm", "unstable_spine", "red_flags_weak_one"),
        cauda.alias("rule:r1-cauda-equina"),
        col("bilateral_leg_pain").alias("rule:r1-both-legs-pain"),
        col("on_record").alias("rule:r1-on-record"),
        (cauda | col("bilateral_leg_pain") | col("on_record")).alias("sign:R1"),
        col("retention").alias("rule:r1a-retention-after-procedure"),
        col("residual").alias("rule:r1a-residual-after-procedure"),
        (col("retention") | col("residual")).alias("sign:R1a"),
        (col("high") & (cauda | col("bilateral_leg_pain"))).alias("rule:r1b-residual-with-feature"),
        col("high").alias("rule:r1b-residual-alone"),
        ((col("high") & (cauda | col("bilateral_leg_pain"))) | col("high")).alias("sign:R1b"),
        col("skeletal_alarm").alias("rule:r4-fracture"),
        col("known_cancer").alias("rule:r5-known-cancer"),
        col("after_procedure").alias("rule:r6-symptoms-after-procedure"),
        col("haematoma").alias("rule:r6-on-record"),
        (col("meningism") | col("fluid_leak_or_postural_headache")).alias("sign:R8"),
        (col("pe_signs") | col("dvt_signs")).alias("sign:R9"),
        col("rupture").alias("rule:r10-rupture"),
        col("aneurysm").alias("rule:r10-known-aneurysm"),
        (col("rupture") | col("aneurysm")).alias("sign:R10"),
        (col("cord") & col("upper_motor_neuron_rapid")).alias("rule:r11-rapid"),
        col("cord").alias("rule:r11-cord-signs"),
        ((col("cord") & col("upper_motor_neuron_rapid")) | col("cord")).alias("sign:R11"),
    )  # fmt: skip
