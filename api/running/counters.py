"""What is counted, for `/metrics`: numbers by route template, rule, and kind of answer; never a value of a client."""

from __future__ import annotations

import os
from collections.abc import Iterable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The library's own name for the folder in which several workers count together."""
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Counters:
    """The numbers of one application."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self.requests = Counter(
            "steppedcare_requests", "Requests answered", ["route", "method", "status"], registry=own
        )
        self.seconds = Histogram(
            "steppedcare_request_seconds",
            "Time to answer",
            ["route"],
            buckets=_SECONDS,
            registry=own,
        )
        self.refused = Counter(
            "steppedcare_refused", "Requests refused under load", ["why"], registry=own
        )
        self.hurried = Counter(
            "steppedcare_hurried", "Answers for the red signs alone", ["why"], registry=own
        )
        self.evaluations = Counter(
            "steppedcare_evaluations", "Patients evaluated, self-tests apart", registry=own
        )
        self.fired = Counter(
            "steppedcare_rule_fired", "Patients for whom a rule held", ["rule"], registry=own
        )
        self.faults = Counter(
            "steppedcare_faults", "Evaluations with a fault", ["part"], registry=own
        )
        self.not_used = Counter(
            "steppedcare_not_used",
            "Entries of records and inputs that could not be used",
            registry=own,
        )
        self.in_work = Gauge(
            "steppedcare_in_work", "Requests worked on", multiprocess_mode="livesum", registry=own
        )
        self.waiting = Gauge(
            "steppedcare_waiting", "Requests that wait", multiprocess_mode="livesum", registry=own
        )
        self.self_test = Gauge(
            "steppedcare_self_test_ok",
            "1 when the last self-test passed",
            multiprocess_mode="livemin",
            registry=own,
        )
        self.self_test_at = Gauge(
            "steppedcare_self_test_time_seconds",
            "When it ended",
            multiprocess_mode="livemin",
            registry=own,
        )
        self.quiet = Gauge(
            "steppedcare_rules_quiet",
            "Rules that hold less often than before",
            multiprocess_mode="livemax",
            registry=own,
        )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        self.requests.labels(route, method, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def know_rules(self, rules: Iterable[str]) -> None:
        """Show every rule from the start, so that one that never fires stands there with 0."""
        for rule in rules:
            self.fired.labels(rule)

    def text(self) -> bytes:
        """Return all numbers as Prometheus reads them: those of every worker where several count together."""
        registry = self.registry
        if os.environ.get(SHARED):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
