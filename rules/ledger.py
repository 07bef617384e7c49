"""How a ledger is held against a copy of its document without quoting the document."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from schemas.ledger import Ledger, LedgerReport, Move, Sentence, Statement, UnaccountedSentence

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_SENTENCE_END = re.compile(r"""[.!?]+["'”’»)\]]*(?=\s|$)""")
_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")
_OPENING_MARKS = "([{\"'“‘«"

_NEVER_THE_END = frozenset({"i.e.", "e.g.", "cf.", "vs.", "viz.", "dr.", "mr.", "mrs.", "ms."})
_SOMETIMES_THE_END = frozenset({"etc.", "approx.", "incl."})


def split_sentences(text: str) -> list[Sentence]:
    """Split *text* into sentences, each with the number of its line, counted from 1.

    A sentence never runs over a line. It ends at a full stop, exclamation or question
    mark that a blank or the end of the line follows; closing quotes and brackets belong
    to it. An abbreviation such as "i.e." does not end it, and "etc." only before a
    capital. A stretch without a letter or digit is no sentence.

    >>> [(s.line, s.text) for s in split_sentences("Tea\\n\\nHot (i.e. fresh). Two cups!")]
    [(1, 'Tea'), (3, 'Hot (i.e. fresh).'), (3, 'Two cups!')]
    """
    return [
        Sentence(line=number, text=sentence)
        for number, line in enumerate(_LINE_BREAK.split(text), start=1)
        for sentence in _sentences_of(line)
        if _normalise(sentence)
    ]


def fingerprint(text: str) -> str:
    """Give the first 16 hex digits of the SHA-256 of *text*, reduced to its words.

    Case, punctuation, the shape of quotes and the width of blanks do not count, so a
    copy saved by another editor keeps its fingerprints. Every letter and digit counts.

    >>> fingerprint("Don’t  stop!") == fingerprint("don't stop")
    True
    >>> fingerprint("at most 7 days") == fingerprint("at most 70 days")
    False
    """
    return hashlib.sha256(_normalise(text).encode("utf-8")).hexdigest()[:16]


def compare(ledger: Ledger, text: str) -> LedgerReport:
    """Hold *ledger* against *text*, a copy of its document.

    A statement is missing when any of its sentences is: a sentence half changed is a
    statement nobody has read. The changed sentence itself then appears as unaccounted.
    A sentence that the document repeats on another line needs an entry for each line.
    """
    present = {_Spot(s.line, fingerprint(s.text)) for s in split_sentences(text)}
    found = _pair(_claims(ledger), present)
    whole = [s for s in ledger.statements if all(spot in found for spot in _spots(s))]
    accounted = tuple(s.id for s in whole)
    return LedgerReport(
        accounted=accounted,
        missing=tuple(s.id for s in ledger.statements if s.id not in accounted),
        missing_headings=tuple(
            h.line for h in ledger.headings if _Spot(h.line, h.fingerprint) not in found
        ),
        unaccounted=tuple(
            UnaccountedSentence(line=spot.line, fingerprint=spot.mark)
            for spot in sorted(present - set(found.values()))
        ),
        moved=tuple(
            Move(id=s.id, ledger_line=s.line, line=found[_spots(s)[0]].line)
            for s in whole
            if found[_spots(s)[0]].line != s.line
        ),
    )


class _Spot(NamedTuple):
    line: int
    mark: str


def _spots(statement: Statement) -> list[_Spot]:
    return [_Spot(statement.line, mark) for mark in statement.fingerprints]


def _claims(ledger: Ledger) -> set[_Spot]:
    return {spot for statement in ledger.statements for spot in _spots(statement)} | {
        _Spot(heading.line, heading.fingerprint) for heading in ledger.headings
    }


def _pair(claims: set[_Spot], present: set[_Spot]) -> dict[_Spot, _Spot]:
    """Give each claim the sentence it is about: on its own line if it is there, else moved.

    Own lines are settled first. Otherwise a heading that moved could take the sentence
    of its twin lower down, and the twin would be reported in its place.
    """
    pairs = {spot: spot for spot in claims & present}
    spare: dict[str, list[_Spot]] = {}
    for spot in sorted(present - claims):
        spare.setdefault(spot.mark, []).append(spot)
    for claim in sorted(claims - present):
        if candidates := spare.get(claim.mark):
            pairs[claim] = candidates.pop(0)
    return pairs


def _sentences_of(line: str) -> Iterator[str]:
    start = 0
    for mark in _SENTENCE_END.finditer(line):
        if _goes_on(line[start : mark.end()], line[mark.end() :]):
            continue
        yield line[start : mark.end()].strip()
        start = mark.end()
    yield line[start:].strip()


def _goes_on(sentence: str, rest: str) -> bool:
    """Say whether the mark that closes *sentence* belongs to an abbreviation within it."""
    last_word = sentence.split()[-1].lstrip(_OPENING_MARKS).lower()
    if last_word in _SOMETIMES_THE_END:
        return not rest.lstrip().lstrip(_OPENING_MARKS)[:1].isupper()
    return last_word in _NEVER_THE_END


def _normalise(text: str) -> str:
    return _NEITHER_LETTER_NOR_DIGIT.sub(" ", unicodedata.normalize("NFKC", text).lower()).strip()
