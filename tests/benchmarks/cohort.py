"""How fast a cohort is decided in columns: `python -m tests.benchmarks cohort`, ratios first.

Processor time on one core, the same readings for all: the compiled evaluator looped in Python; the same with urgency,
state and verdicts read off; all conclusions in columns; the whole answer in columns, with deciding rules and what is
missing; and a stated part of the conclusions in columns and written by hand in Polars. Rounds are interleaved and
medians shown. Answers are compared before anything is measured.
"""

from __future__ import annotations

import json
import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import argparse
import itertools
import random
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ibis
import polars as pl
import pyarrow as pa

from api.library import get_decider
from api.service import get_checker
from rules.columns import decide, truths
from rules.columns.answer import TRUTHS
from rules.decide import Decider
from tests.benchmarks.cohort_by_hand import by_hand
from tests.benchmarks.figures import Part, interleaved
from tests.properties.differential import readings
from tests.properties.patients import generator_of
from tests.unit.columns.bedside import node_differences
from tests.unit.columns.readings import Patient, reading_table

PATIENTS = 100_000
DISTINCT = 4_000
"""So many patients are made, and repeated as one table: making one takes longer than deciding it."""
LOOPED = 2_000
"""So many are looped over in Python; its cost for each does not depend on how many there are."""
ROUNDS = 7
LEAST_LOOPED, MOST_HAND = "at least 20", "at most 1.5"

LOOP, VERDICTS = "evaluator looped", "evaluator looped, with verdicts"
NODES, ANSWER = "columns, all conclusions", "columns, whole answer"
PART, HAND = "columns, the part written by hand", "Polars written by hand, that part"


def made(decider: Decider, count: int) -> list[Patient]:
    """Return *count* readings of random patients."""
    checker, generator = get_checker("fbss"), generator_of("fbss")
    source = readings(decider, checker, generator, random.Random("cohort benchmark"))
    return list(itertools.islice(source, count))


def repeated(table: pa.Table, count: int) -> pa.Table:
    """Return the rows of *table* over and over until there are *count*."""
    whole = pa.concat_tables([table] * (count // table.num_rows + 1)).slice(0, count)
    return whole.combine_chunks()


def works(
    decider: Decider, patients: Sequence[Patient], count: int
) -> tuple[dict[str, tuple[Callable[[], Any], int]], float]:
    """Return what is measured with the number of patients in it, and the seconds it took to write the expressions."""
    settings = decider.voices.settings("default")
    evaluator, _ = decider.voices.compiled(settings)
    table = reading_table(decider.pathway, patients)
    connection = ibis.polars.connect()
    reading = connection.create_table("reading", repeated(table, count))
    begun = time.process_time()
    answer = connection.compile(decide(reading, decider.pathway, decider.network, settings))
    written = time.process_time() - begun
    nodes = connection.compile(truths(reading, decider.pathway, decider.network, settings))
    frame = connection.compile(reading)
    numbers = {name: float(value) for name, value in settings.items()}
    hand = by_hand(frame, numbers)
    names = [name for name in hand.collect_schema().names() if name != "patient"]
    part = connection.compile(truths(reading, decider.pathway, decider.network, settings, names))
    _compare(decider, patients, nodes, part, hand, names)
    few = patients[:LOOPED]

    def loop() -> None:
        for values, on in few:
            evaluator.nodes(evaluator.leaves(values, on))

    def verdicts() -> None:
        for values, on in few:
            decider.outliner.outline(evaluator.nodes(evaluator.leaves(values, on)), values)

    return {
        LOOP: (loop, len(few)),
        VERDICTS: (verdicts, len(few)),
        NODES: (nodes.collect, count),
        ANSWER: (answer.collect, count),
        PART: (part.collect, count),
        HAND: (hand.collect, count),
    }, written


def _compare(
    decider: Decider,
    patients: Sequence[Patient],
    nodes: pl.LazyFrame,
    part: pl.LazyFrame,
    hand: pl.LazyFrame,
    names: Sequence[str],
) -> None:
    """Stop unless all of them say the same."""
    evaluator, _ = decider.voices.compiled(decider.voices.settings("default"))
    rows = nodes.head(len(patients)).collect().to_dicts()
    different = node_differences(evaluator, patients[: len(rows)], rows)
    renamed = part.collect().rename({f"{TRUTHS}{name}": name for name in names})
    if different or not renamed.equals(hand.collect()):
        raise SystemExit(f"the answers differ, nothing was measured: {dict(different)}")


def measured(count: int) -> Part:
    """Return the figures for *count* patients."""
    decider = get_decider("fbss")
    all_works, written = works(decider, made(decider, DISTINCT), count)
    part = Part(
        f"Columns ({count:,} patients, one core, processor time for each patient)",
        interleaved(all_works, ROUNDS, "us"),
    )
    part.ratio(f"{LOOP} / {NODES}", LOOP, NODES, LEAST_LOOPED)
    part.ratio(f"{VERDICTS} / {ANSWER}", VERDICTS, ANSWER, LEAST_LOOPED)
    part.ratio(f"{PART} / {HAND}", PART, HAND, MOST_HAND)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    part.notes = [
        f"writing the expressions of the answer: {written:.2f} s, once; peak memory {peak:.0f} MiB",
        f"Polars {pl.__version__}, Ibis {ibis.__version__}",
    ]
    return part


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    part = measured(chosen.patients)
    print(part)
    if chosen.json:
        chosen.json.write_text(json.dumps(part.as_json(), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
