"""How often what happens in a synthetic cohort: one table, printed in the help, kept in the manifest, tested."""

from __future__ import annotations

SHARES: dict[str, float] = {
    "chart in which every question is answered": 0.45,
    "chart with some gaps": 0.35,
    "chart with hardly anything": 0.20,
    "answer missing where there are some gaps": 0.06,
    "answer missing where there is hardly anything": 0.70,
    "reason given for a missing answer": 0.20,
    "answer with its date": 0.50,
    "dated answer that is too old": 0.04,
    "date by its month only": 0.10,
    "date by its year only": 0.03,
    "red-sign question answered with yes": 0.0008,
    "list left out": 0.04,
    "list incomplete": 0.04,
    "medicine under another spelling": 0.10,
    "medicine nobody knows": 0.01,
    "trial that still runs and has an end": 0.005,
    "active medicine with a date of stopping": 0.01,
    "man recorded as pregnant (of men)": 0.002,
    "id missing": 0.0001,
    "id stands twice": 0.0002,
    "number out of range": 0.0005,
    "word nobody knows": 0.0005,
    "date that is none": 0.0003,
    "operation in the future": 0.0003,
    "pain longer than life": 0.0003,
}
"""The last seven are faults: such patients are left out of a run and told in `errors.ndjson`."""


def share(name: str) -> float:
    return SHARES[name]


def table() -> str:
    """Return the shares as lines of text."""
    return "\n".join(f"{value:8.2%}  {name}" for name, value in SHARES.items())
