"""The transparency card as plain text: the same content as the JSON, at most a hundred characters wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from schemas.transparency import SourceAttribute, TransparencyCard

WIDTH = 100


def card_text(card: TransparencyCard) -> str:
    """Return the whole card as text; a blank says that it is not provided."""
    return "\n".join(_lines(card)) + "\n"


def _wrap(text: str, first: str = "  - ", rest: str | None = None) -> str:
    return textwrap.fill(
        " ".join(text.split()),
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_on_hyphens=False,
    )


def _section(title: str, items: Iterable[str]) -> Iterator[str]:
    yield ""
    yield title
    yield from map(_wrap, items)


def _lines(card: TransparencyCard) -> Iterator[str]:
    yield _wrap(card.title, "")
    yield f"Version {card.version} · documents {card.content_hash[:16]}"
    yield from _section("INTENDED USE AND USER", [card.intended_use])
    yield from _section("POPULATION", [card.population])
    yield from _section("VALIDATION", [f"{row.what}: {row.status}" for row in card.validation])
    yield from _section("LIMITS", card.limits)
    yield ""
    yield "SOURCE ATTRIBUTES"
    for attribute in card.attributes:
        yield from _attribute(attribute)
    yield ""
    yield "THE FOUR US CRITERIA FOR DECISION SUPPORT THAT IS NO DEVICE (not legal advice)"
    for criterion in card.criteria:
        yield _wrap(f"{criterion.asks}: {criterion.statement}", f"  {criterion.number}. ")
        for derived in criterion.derived_from:
            yield _wrap(derived, "     from: ")
        for point in criterion.open_points:
            yield _wrap(point, "     open: ")
    yield from _section("GRADING", [card.grading.statement, *card.grading.quoted])
    yield from _section(
        f"WHERE THE {card.rules} RULES COME FROM",
        [
            f"{row.tag} ({row.label}): {row.rules} rules, {row.alone} of them with nothing else"
            for row in card.tags
        ],
    )
    unsigned = ", ".join(card.unsigned)
    yield from _section(
        "SETTINGS",
        [f"{len(card.unsigned)} of {card.settings} not signed off" + (f": {unsigned}" if unsigned else "")],
    )  # fmt: skip
    yield from _review(card)
    yield ""
    yield "KNOWN DISAGREEMENTS"
    for each in card.disagreements:
        yield f"  {each.topic}"
        for rule in each.rules:
            where = f" on {', '.join(rule.on)}" if rule.on else ""
            sources = "; ".join(rule.sources)
            yield _wrap(f"{rule.rule} ({rule.effect}{where}): {rule.says} [{sources}]", "    - ")
        for remark in each.remarks:
            yield _wrap(remark, "    · ")
    yield from _inputs(card)


def _attribute(attribute: SourceAttribute) -> Iterator[str]:
    yield _wrap(f"{attribute.attribute}: {attribute.answer}", f"  {attribute.number:>2}. ", " " * 6)
    for derived in attribute.derived_from:
        yield _wrap(derived, "      - ")


def _review(card: TransparencyCard) -> Iterator[str]:
    review = card.review
    state = {True: "PAST DUE", False: "not past due", None: "no date to judge by"}[review.past_due]
    yield from _section(
        "REVIEW",
        [
            f"released {review.released}; reviewed: {review.reviewed}; reviewer: {review.reviewer}",
            f"next review {review.review_due}: {state} on {review.on}",
        ],
    )


def _rules(count: int) -> str:
    return "1 rule" if count == 1 else f"{count} rules"


def _inputs(card: TransparencyCard) -> Iterator[str]:
    yield ""
    yield f"WHAT IS READ ABOUT A PATIENT ({len(card.inputs)} facts)"
    for fact in card.inputs:
        kind = f"{fact.kind}, {fact.unit}" if fact.unit else fact.kind
        origin = "" if fact.comes_from == "stated" else f", from {fact.comes_from}"
        aged = f", at most {fact.shelf_days} days old" if fact.shelf_days is not None else ""
        used = _rules(fact.rules) if fact.rules else f"read by {', '.join(fact.read_by[:3])}"
        yield _wrap(f"{fact.fact} ({kind}{origin}{aged}): {fact.title}; {used}")
    yield from _section(
        "ACCEPTED, BUT NOTHING RESTS ON IT",
        [f"{fact.fact}: {fact.title}" for fact in card.unread] or ["nothing"],
    )
