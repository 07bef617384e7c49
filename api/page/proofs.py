"""The proofs of all verdicts on one page: what several of them rest on is told once, and pointed to afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.explanation import ProofNode, VerdictProof

LEAST_POINTED_TO = 4
"""Steps of a part that is worth pointing to; a shorter one is told again."""
_Key = int


@dataclass(frozen=True)
class Step:
    """One step of a proof as shown."""

    node: ProofNode
    because: tuple[Step, ...]
    id: str
    """Where others point to; nothing where nobody does."""
    told_at: str
    """The id of the place where the same was told already, with all it rests on; nothing where this is the first."""


def told_once(proofs: Sequence[VerdictProof]) -> Mapping[str, tuple[Step, ...]]:
    """Return the steps of each treatment's proof, in the order of *proofs*.

    A part that stands a second time, the same to the last comparison, has no steps of its own there but the place
    where they stand. Nothing is left out: every part is told in full once.
    """
    reader = _Reader()
    for proof in proofs:
        for node in proof.proof:
            reader.count(node)
    return {
        proof.treatment: tuple(reader.step(node) for node in proof.proof)
        for proof in proofs
        if proof.proof
    }


class _Reader:
    def __init__(self) -> None:
        self._keys: dict[object, _Key] = {}
        self._key_of: dict[int, _Key] = {}
        self._sizes: dict[_Key, int] = {}
        self._seen: Counter[_Key] = Counter()
        self._told: dict[_Key, str] = {}

    def count(self, node: ProofNode) -> _Key:
        """Give equal parts the same number, and count how often each stands."""
        below = tuple(self.count(each) for each in node.because)
        # What is shown of a step, and nothing else, makes two of them the same.
        parts = (
            node.says,
            node.truth,
            str(node.value),
            node.date,
            node.source,
            node.sources,
            below,
        )
        key = self._keys.setdefault(parts, len(self._keys))
        self._key_of[id(node)] = key
        self._sizes[key] = 1 + sum(self._sizes[each] for each in below)
        self._seen[key] += 1
        return key

    def step(self, node: ProofNode) -> Step:
        key = self._key_of[id(node)]
        if key in self._told:
            return Step(node, (), "", self._told[key])
        mark = ""
        if self._seen[key] > 1 and self._sizes[key] >= LEAST_POINTED_TO:
            mark = self._told[key] = f"step.{len(self._told) + 1}"
        return Step(node, tuple(self.step(each) for each in node.because), mark, "")
