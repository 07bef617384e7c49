"""How fast a cohort is decided in columns: `python -m tests.benchmarks.cohort [PATIENTS] [FILE]`, ratios first.

Processor time on one core, the same readings for all: the compiled evaluator looped in Python; the same with urgency,
state and verdicts read off; all conclusions in columns; the whole answer in columns, with deciding rules and what is
missing; and a stated part of the conclusions in columns and written by hand in Polars. Rounds are interleaved and
medians shown. Answers are compared before anything is measured.
"""

from __future__ import annotations

import json
import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import itertools
import platform
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ibis
import polars as pl
import pyarrow as pa

from api.library import get_decider, program_version
from api.service import get_checker
from rules.columns import decide, truths
from rules.columns.answer import TRUTHS
from rules.decide import Decider
from tests.benchmarks.cohort_by_hand import by_hand
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
LEAST_TIMES_LOOPED, MOST_TIMES_HAND = 20.0, 1.5

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


def measure(works: Mapping[str, tuple[Callable[[], Any], int]]) -> dict[str, list[float]]:
    """Return seconds of the processor for each patient, one figure a round."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for work, _ in works.values():
        work()
    for _ in range(ROUNDS):
        for name, (work, count) in works.items():
            begun = time.process_time()
            work()
            times[name].append((time.process_time() - begun) / count)
    return times


def main(arguments: list[str]) -> None:
    """Measure, print ratios with their targets, then times, and write JSON where asked."""
    count = int(arguments[0]) if arguments else PATIENTS
    decider = get_decider("fbss")
    measured, written = works(decider, made(decider, DISTINCT), count)
    times = measure(measured)
    middle = {name: statistics.median(each) for name, each in times.items()}
    ratios = {
        f"{LOOP} / {NODES}": (middle[LOOP] / middle[NODES], LEAST_TIMES_LOOPED, True),
        f"{VERDICTS} / {ANSWER}": (middle[VERDICTS] / middle[ANSWER], LEAST_TIMES_LOOPED, True),
        f"{PART} / {HAND}": (middle[PART] / middle[HAND], MOST_TIMES_HAND, False),
    }
    print(f"Ratios ({count:,} patients, one core, one run, interleaved)")
    for name, (ratio, target, least) in ratios.items():
        held = ratio >= target if least else ratio <= target
        word = "at least" if least else "at most"
        print(f"  {name:<68} {ratio:7.1f}   {word} {target:g}: {'holds' if held else 'MISSED'}")
    print("Processor time for each patient (median; quartiles), and patients a second")
    for name, each in times.items():
        low, _, high = statistics.quantiles(each, n=4)
        print(
            f"  {name:<36} {middle[name] * 1e6:8.2f} µs ({low * 1e6:.2f} to {high * 1e6:.2f})"
            f"  {1 / middle[name]:>10,.0f}"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024**2 if sys.platform == "darwin" else 1024
    )
    print(
        f"Writing the expressions of the answer: {written:.2f} s, once. Peak memory {peak:.0f} MiB"
    )
    print(
        f"{program_version()}, Python {platform.python_version()}, Polars {pl.__version__}, "
        f"Ibis {ibis.__version__}, load {os.getloadavg()[0]:.1f}"
    )
    if len(arguments) > 1:
        figures = {"ratios": {name: each[0] for name, each in ratios.items()}, "seconds": times}
        Path(arguments[1]).write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
