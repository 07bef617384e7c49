"""Engine against evaluator: many patients from many threads, every conclusion and every outline looked at."""

from __future__ import annotations

import random
import resource
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rules.check import Checker
from rules.decide import Decider
from rules.derive import read_patient
from rules.evaluator import Truths, evaluate_network
from rules.invariants import OUTLINE_LAWS, sketch
from rules.truth import TRUE
from schemas.errors import InputError
from schemas.facts import parse_partial_date
from tests.conftest import ON
from tests.properties.patients import Generator

VARIANTS = 12
"""How many readings are made of one patient, each with some facts replaced: making a patient is the dear part."""


@dataclass
class Comparison:
    """What a comparison of the two voices has shown."""

    compared: int = 0
    differences: Counter[str] = field(default_factory=Counter)
    distinct: set[int] = field(default_factory=set)
    """Hashes of what the engine concluded: a comparison in which all are alike shows nothing."""
    violations: Counter[str] = field(default_factory=Counter)
    """Laws broken by the outlines of these decisions."""
    rules: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    walked: int = 0
    errors: list[str] = field(default_factory=list)


FEW = 12
"""Of how many rules the one that fired least is picked, when a patient is built backwards from a rule."""


def readings(
    decider: Decider,
    checker: Checker,
    generator: Generator,
    rng: random.Random,
    fired: Counter[str] | None = None,
) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield what the rules read about random patients, with the date of the question, without end.

    *fired*: how often each rule has fired so far, where the reader counts. What fires seldom is built for more often.
    """
    fired = Counter() if fired is None else fired
    settings = decider.voices.settings("default")
    rules = sorted(generator.pathway.rules)
    while True:
        data = (
            generator.for_rule(min(rng.sample(rules, FEW), key=fired.__getitem__), rng)
            if rng.random() < 0.5
            else generator.patient(rng)
        )
        try:
            patient = checker.check(data, ON)
        except InputError:
            continue
        values = read_patient(decider.pathway, patient, settings).values
        yield values, patient.on
        for _ in range(VARIANTS - 1):
            yield _replaced(dict(values), generator, patient.on, rng), patient.on


def _as_read(value: Any) -> Any:
    """Return *value* as the checker hands it on: a number with a point as a decimal."""
    return Decimal(str(value)) if isinstance(value, float) else value


def _replaced(
    values: dict[str, Any], generator: Generator, on: Any, rng: random.Random
) -> dict[str, Any]:
    for name in rng.sample(generator.read, rng.choice([1, 3, 20])):
        if rng.random() < 0.2:
            # What a list says of one medicine is known or unknown with what it says of another: alone it stays.
            if name in generator.pathway.facts:
                values.pop(name, None)
        elif name in generator.pathway.facts:
            value = generator.value(name, on, rng)
            dated = generator.pathway.facts[name].kind.value == "date"
            values[name] = parse_partial_date(value) if dated else _as_read(value)
        elif isinstance(values.get(name), bool):
            values[name] = not values[name]
    return values


def compare_voices(
    decider: Decider,
    checker: Checker,
    generator: Generator,
    seed: str,
    patients: int,
    threads: int = 8,
) -> Comparison:
    """Compare engine and evaluator on *patients* readings, from *threads* threads on one engine."""
    found = Comparison()
    lock = threading.Lock()
    voices = decider.voices
    settings = voices.settings("default")
    evaluator, screen = voices.compiled(settings)
    index = decider.network.index
    of_rules = [(rule, index[f"rule:{rule}"]) for rule in decider.pathway.rules]

    def work(number: int) -> None:
        rng = random.Random(f"{seed} {number}")
        mine: Counter[str] = Counter()
        source = readings(decider, checker, generator, rng, mine)
        for at in range(patients // threads):
            values, on = next(source)
            leaves = evaluator.leaves(values, on)
            nodes = evaluator.nodes(leaves)
            fired = voices.engine.run(leaves)
            differences = voices.engine.disagreements(fired, nodes)
            differences += _of_the_screen(decider, screen(values, on), nodes)
            if at % (patients // threads // 20 or 1) == 0:
                differences += _of_the_walker(decider, values, settings, on, nodes)
            case = sketch(decider, values, on, settings, nodes)
            broken = [text for law in OUTLINE_LAWS for text in law.check(case)]
            firing = [name for name, at in of_rules if nodes[at] == TRUE]
            mine.update(firing)
            with lock:
                found.compared += 1
                found.violations.update(broken)
                found.rules.update(firing)
                found.verdicts.update(item.verdict for item in case.decision.treatments)
                found.differences.update(differences)
                found.distinct.add(hash(frozenset(fired)))
                found.walked += at % (patients // threads // 20 or 1) == 0

    def guarded(number: int) -> None:
        try:
            work(number)
        except Exception as error:
            found.errors.append(repr(error))

    workers = [threading.Thread(target=guarded, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return found


def _of_the_screen(decider: Decider, red: dict[str, int], nodes: Truths) -> list[str]:
    index = decider.network.index
    return [f"screen {name}" for name, truth in red.items() if nodes[index[name]] != truth]


def _of_the_walker(
    decider: Decider, values: dict[str, Any], settings: Any, on: Any, nodes: Truths
) -> list[str]:
    walked = evaluate_network(decider.network, values, settings, on)
    pairs = zip(decider.network.index, walked, nodes, strict=True)
    return [f"walker {name}" for name, first, second in pairs if first != second]


def peak_memory_mb() -> float:
    """Return the most memory this process has held so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
