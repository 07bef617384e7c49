"""What could not be used, counted by kind of resource and reason; no value, id or display is kept."""

from __future__ import annotations

from collections import Counter

from api.fhir.reading.names import KNOWN


class Tally:
    """Counts what was left aside. A reason is written so that it can follow any number."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._notes: set[tuple[str, str]] = set()

    def add(self, where: str, why: str, times: int = 1) -> None:
        """Count *times* things of the kind *where*; the name of a kind nobody knows is not repeated."""
        self._counts[where if where in KNOWN else "unknown resource", why] += times

    def note(self, where: str, text: str) -> None:
        """Keep a sentence that is no count; the same sentence counts once."""
        self._notes.add((where if where in KNOWN else "unknown resource", text))

    def rows(self) -> list[dict[str, str]]:
        """Return the rows of `not_used`, in an order that does not depend on the order of the record."""
        counted = [
            {"where": where, "why": f"{times} {why}"}
            for (where, why), times in self._counts.items()
            if times
        ]
        notes = [{"where": where, "why": text} for where, text in self._notes]
        return sorted(counted + notes, key=lambda row: (row["where"], row["why"]))
