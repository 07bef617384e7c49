"""Codes by which a record names what the pathway asks about, and how far each of them has been checked."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from schemas.provenance import Place


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CodeSystem(_Frozen):
    """A system codes belong to, with the address records name it by."""

    id: str
    title: str
    uri: str | None = None
    """None: no address is known, so none of its codes can be matched."""
    mark: str
    """How the address was verified; the marks of its codes stand beside the codes."""
    verified: bool
    note: str = ""


class Code(_Frozen):
    """One code of one system, or with *prefix* every code that begins so."""

    system: str
    code: str
    mark: str
    verified: bool
    """Derived from the mark; never written in a document."""
    prefix: bool = False
    level: Literal["ingredient", "product"] | None = None
    """Of a medicine: what the code stands for; None for anything else."""


class Concept(_Frozen):
    """One thing a record can say, the codes it says it by, and the fact that follows."""

    id: str
    title: str
    fact: str | None = None
    """A stated fact of the dictionary; None: the code alone settles no fact."""
    codes: tuple[Code, ...]
    note: str = ""
    place: Place


class ValueSet(_Frozen):
    """A published set of codes, known by its number only."""

    id: str
    title: str
    oid: str
    mark: str
    verified: bool


class CodeLists(_Frozen):
    """Every code of a pathway: what records say, and which medicines they name."""

    systems: dict[str, CodeSystem] = {}
    concepts: dict[str, tuple[Concept, ...]] = {}
    """By the list they stand in: conditions, observations, procedures."""
    medicines: dict[str, tuple[Code, ...]] = {}
    """By agent; an agent without codes is absent."""
    medicine_classes: dict[str, tuple[Code, ...]] = {}
    """Groups in which the members of a class mostly stand; the agents decide."""
    value_sets: tuple[ValueSet, ...] = ()
