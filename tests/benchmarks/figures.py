"""What a measurement is: times beside each other, ratios between them, and how both are printed, kept and compared."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

UNITS = {"us": 1e6, "ms": 1e3, "s": 1.0}


@dataclass
class Figure:
    """Seconds for one piece of work, one figure a round."""

    name: str
    seconds: list[float]
    unit: str = "ms"
    limit: float | None = None
    """In *unit*."""

    @property
    def middle(self) -> float:
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        scale = UNITS[self.unit]
        spread = ""
        if len(self.seconds) > 2:
            low, _, high = statistics.quantiles(self.seconds, n=4)
            spread = f" ({low * scale:.3g} to {high * scale:.3g})"
        limit = f"   limit {self.limit:g} {self.unit}" if self.limit is not None else ""
        return f"  {self.name:<52}{self.middle * scale:9.3g} {self.unit}{spread}{limit}"


@dataclass
class Ratio:
    """One figure by another, with what is wanted of it."""

    name: str
    value: float
    wanted: str = ""

    def __str__(self) -> str:
        wanted = f"   wanted {self.wanted}" if self.wanted else ""
        return f"  {self.name:<52}{self.value:9.2f}{wanted}"


@dataclass
class Part:
    """One part of the benchmark: ratios first, times second, what was left out last."""

    title: str
    figures: list[Figure] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def ratio(self, name: str, above: str, below: str, wanted: str = "") -> None:
        """Add the ratio of the figures named *above* and *below*."""
        found = {figure.name: figure.middle for figure in self.figures}
        self.ratios.append(Ratio(name, found[above] / found[below], wanted))

    def __str__(self) -> str:
        rows = [self.title, *map(str, self.ratios), *map(str, self.figures)]
        return "\n".join([*rows, *(f"  {note}" for note in self.notes)])

    def as_json(self) -> dict[str, Any]:
        return {
            "ratios": {ratio.name: ratio.value for ratio in self.ratios},
            "seconds": {figure.name: figure.seconds for figure in self.figures},
            "notes": self.notes,
        }


Work = Callable[[], Any]


def interleaved(
    works: Mapping[str, tuple[Work, int]], rounds: int, unit: str = "ms"
) -> list[Figure]:
    """Time every work in turn, *rounds* times: (one round of work, how often the thing is done in it).

    Processor time of this process, so that other work on the machine counts little.
    """
    figures = [Figure(name, [], unit) for name in works]
    for work, _ in works.values():
        work()
    for _ in range(rounds):
        for figure, (work, count) in zip(figures, works.values(), strict=True):
            begun = time.process_time()
            work()
            figure.seconds.append((time.process_time() - begun) / count)
    return figures


def compared(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Return a line for each figure that both runs have: how it changed."""
    lines = []
    for part, found in now.items():
        earlier = before.get(part, {}).get("seconds", {}) if isinstance(found, dict) else {}
        for name, seconds in found.get("seconds", {}).items() if earlier else ():
            if name in earlier:
                ratio = statistics.median(seconds) / statistics.median(earlier[name])
                lines.append(f"  {part}: {name:<52}{ratio:6.2f} of what it was")
    return lines
