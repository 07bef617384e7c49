"""The account of a founding document: what each of its sentences says and what became of it."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
StatementId = Annotated[str, StringConstraints(pattern=r"^S[1-9][0-9]*$")]
LineNumber = Annotated[int, Field(ge=1)]
Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

_FINISHED = ConfigDict(frozen=True, extra="forbid")


class StatementClass(StrEnum):
    """What kind of thing a statement is, and so what we may do with it."""

    RULE = "rule"
    FACT = "fact"
    CAVEAT = "fact-with-caveat"
    MARKETING = "marketing"


class Sentence(BaseModel):
    """One sentence of a document and the line it stands on."""

    model_config = _FINISHED

    line: LineNumber
    text: Words


class Document(BaseModel):
    """The founding document, named and counted but never quoted."""

    model_config = _FINISHED

    title: Words
    statements: int = Field(ge=0)
    normalisation: Words


class Statement(BaseModel):
    """One numbered statement: where it stands, what it says in our words, what became of it.

    A statement stands on one line of the document. It has several *fingerprints* when it
    takes several sentences to say, and names others in *shared_with* when one sentence
    carries them all.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )

    id: StatementId
    line: LineNumber
    kind: StatementClass = Field(alias="class")
    says: Words
    becomes: tuple[Words, ...] = Field(min_length=1)
    fingerprints: tuple[Fingerprint, ...] = Field(min_length=1)
    shared_with: tuple[StatementId, ...] = ()


class Heading(BaseModel):
    """A sentence of the document that states nothing."""

    model_config = _FINISHED

    line: LineNumber
    fingerprint: Fingerprint


class Ledger(BaseModel):
    """Every sentence of the founding document, accounted for exactly once."""

    model_config = _FINISHED

    document: Document
    statements: tuple[Statement, ...]
    headings: tuple[Heading, ...] = ()

    @model_validator(mode="after")
    def _count_is_right(self) -> Self:
        if len(self.statements) != self.document.statements:
            raise ValueError(
                f"the document has `{self.document.statements}` statements, "
                f"the ledger `{len(self.statements)}`"
            )
        return self

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        seen: set[str] = set()
        for statement in self.statements:
            if statement.id in seen:
                raise ValueError(f"statement `{statement.id}` stands twice in the ledger")
            seen.add(statement.id)
        return self

    @model_validator(mode="after")
    def _every_sentence_has_one_account(self) -> Self:
        """Refuse a sentence claimed twice, unless its statements say that they share it.

        Without this a copied fingerprint would hide a sentence nobody has read: two
        entries would point at one sentence and the count would still come out right.
        """
        owner: dict[tuple[int, str], str] = {}
        sharers = {s.id: frozenset(s.shared_with) for s in self.statements}
        for statement in self.statements:
            for mark in statement.fingerprints:
                first = owner.setdefault((statement.line, mark), statement.id)
                shared = first in sharers[statement.id] and statement.id in sharers[first]
                if first != statement.id and not shared:
                    raise ValueError(f"`{first}` and `{statement.id}` claim the same sentence")
        for heading in self.headings:
            place = (heading.line, heading.fingerprint)
            if place in owner:
                raise ValueError(
                    f"the sentence of line `{heading.line}` is a heading and `{owner[place]}`"
                )
            owner[place] = f"heading of line {heading.line}"
        return self


class UnaccountedSentence(BaseModel):
    """A sentence named by where it stands and its fingerprint, so that nothing is quoted."""

    model_config = _FINISHED

    line: LineNumber
    fingerprint: Fingerprint


class Move(BaseModel):
    """A statement found word for word, but on another line than the ledger says."""

    model_config = _FINISHED

    id: StatementId
    ledger_line: LineNumber
    line: LineNumber


class LedgerReport(BaseModel):
    """What a comparison of the ledger with a copy of the document found.

    *accounted* and *missing* name statements, *missing_headings* gives lines of the
    ledger, *unaccounted* gives places in the copy. A moved statement is accounted for.
    """

    model_config = _FINISHED

    accounted: tuple[StatementId, ...]
    missing: tuple[StatementId, ...]
    missing_headings: tuple[LineNumber, ...]
    unaccounted: tuple[UnaccountedSentence, ...]
    moved: tuple[Move, ...]

    @property
    def complete(self) -> bool:
        """True when ledger and document hold the same sentences, wherever they stand."""
        return not (self.missing or self.missing_headings or self.unaccounted)
