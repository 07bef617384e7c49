"""An eye on the evaluations as they happen: which rules hold, which parts fail, and a rule engine that is silent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from api.running.counters import Counters
from rules.decide import Decider
from rules.evaluation import Evaluation
from rules.evaluator import Truths
from rules.truth import TRUE
from schemas.errors import EngineFault

LEAST_FIRED = 20
EXPECTED_AND_ABSENT = 20.0
"""A rule is called quiet when, at half its own earlier rate, so many patients should have met it and none did: by
chance alone that happens once in 10^8 looks."""
_own: ContextVar[bool] = ContextVar("own", default=False)


@contextmanager
def own_patients() -> Iterator[None]:
    """Let what is evaluated here count as a self-test and not as a patient."""
    token = _own.set(True)
    try:
        yield
    finally:
        _own.reset(token)


@dataclass
class _History:
    fired: int = 0
    last: int = 0
    """How many patients had been evaluated when the rule held last."""


class Quiet:
    """Knows how often each rule has held, and which has gone quiet since."""

    def __init__(self) -> None:
        self.patients = 0
        self._rules: dict[str, _History] = {}

    def saw(self, rules: list[str]) -> None:
        """Count one patient for whom *rules* held."""
        self.patients += 1
        for rule in rules:
            history = self._rules.setdefault(rule, _History())
            history.fired += 1
            history.last = self.patients

    def rules(self) -> tuple[str, ...]:
        """Return the rules whose silence is no chance."""
        found = []
        for rule, history in list(self._rules.items()):
            if history.fired < LEAST_FIRED:
                continue
            since = self.patients - history.last
            if since * history.fired / history.last / 2 > EXPECTED_AND_ABSENT:
                found.append(rule)
        return tuple(sorted(found))


class EngineGate:
    """One engine's `run`, with an end to the waiting.

    A thread inside native code cannot be stopped. So the one that hangs is left where it is, and whoever comes after
    it is told at once that the engine has failed: red signs come from the evaluator, the rest says incomplete. When
    it comes back, the engine is used again.
    """

    def __init__(self, run: Callable[[Truths], set[int]], seconds: float) -> None:
        self._run, self._seconds = run, seconds
        self._lock = threading.Lock()
        self._since: float | None = None

    @property
    def is_silent(self) -> bool:
        since = self._since
        return since is not None and time.monotonic() - since > self._seconds

    def __call__(self, leaves: Truths) -> set[int]:
        """Run the engine; raise EngineFault when another evaluation has been inside for too long."""
        if self.is_silent or not self._lock.acquire(timeout=self._seconds):
            raise EngineFault("the rule engine does not answer")
        try:
            self._since = time.monotonic()
            return self._run(leaves)
        finally:
            self._since = None
            self._lock.release()


class Watch:
    """Stands beside one decider while a service runs."""

    def __init__(self, decider: Decider, counters: Counters, engine_seconds: float) -> None:
        self._decider, self._counters = decider, counters
        self.quiet = Quiet()
        self.gate = EngineGate(decider.voices.engine.run, engine_seconds)
        self._rules = [
            (f"rule:{rule}", counters.fired.labels(rule)) for rule in decider.pathway.rules
        ]
        self._names = [name.removeprefix("rule:") for name, _ in self._rules]
        self._evaluate = decider.voices.evaluate

    def begin(self) -> None:
        """Stand between the decider and its voices."""
        vars(self._decider.voices.engine)["run"] = self.gate
        vars(self._decider.voices)["evaluate"] = self._watched

    def end(self) -> None:
        """Step aside; another watch that has begun since is left alone."""
        voices = self._decider.voices
        if vars(voices.engine).get("run") is self.gate:
            del vars(voices.engine)["run"]
        if vars(voices).get("evaluate") == self._watched:
            del vars(voices)["evaluate"]

    def _watched(self, *asked: Any) -> Evaluation:
        evaluation = self._evaluate(*asked)
        if not _own.get():
            self._count(evaluation)
        return evaluation

    def _count(self, evaluation: Evaluation) -> None:
        self._counters.evaluations.inc()
        nodes, held = evaluation.nodes, []
        for (name, counter), rule in zip(self._rules, self._names, strict=True):
            if nodes.get(name) == TRUE:
                counter.inc()
                held.append(rule)
        self.quiet.saw(held)
        for fault in evaluation.faults:
            self._counters.faults.labels(fault).inc()
        if evaluation.reading.not_used:
            self._counters.not_used.inc(len(evaluation.reading.not_used))
