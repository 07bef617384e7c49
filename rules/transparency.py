"""The transparency card of a pathway: everything on it is read off the documents, or says that it is not provided.

Which personal attributes are used is worked out by following the data: a rule uses a fact when its condition rests on
it, directly or through earlier conclusions. Nobody types the answer, so nobody can forget to change it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from rules.card_text import card_text
from rules.dataflow import Flow
from rules.network import IN_SCOPE, Network
from rules.personal import PERSONAL
from rules.words import in_words
from schemas.facts import FactKind
from schemas.pathway import Effect, Pathway, Urgency
from schemas.provenance import TAG_LABELS, Citation
from schemas.transparency import (
    NOT_PROVIDED,
    Criterion,
    DisagreeingRule,
    Disagreement,
    Grading,
    ReviewDates,
    SourceAttribute,
    TagCount,
    TransparencyCard,
    UnreadFact,
    Validated,
)

__all__ = ["NOT_GRADED", "NO_CLINICAL_USE", "card_text", "transparency_card"]

NO_CLINICAL_USE = "none in clinical use"
NOT_GRADED = "not graded"
_SINGLE_VALUES = frozenset(
    {
        FactKind.BOOLEAN, FactKind.INTEGER, FactKind.DECIMAL, FactKind.CHOICE, FactKind.SIGN,
        FactKind.DATE,
    }
)  # fmt: skip
"""Kinds of fact that hold one value a clinician states. Written out: a new kind is none of them until it was judged."""
_TOPIC = re.compile(r"D\d{1,2}")
_REMARK = re.compile(r"(?:^|[(;] ?)(D\d{1,2})(?=[:;)])")
_GRADED = re.compile(
    r"\b(?:(?:very low|low|moderate|high) (?:certainty|quality)|certainty (?:very low|low|moderate|high)"
    r"|low quality|level I{1,3}|strong(?=,)|conditional)\b",
    re.IGNORECASE,
)


def transparency_card(
    pathway: Pathway,
    network: Network,
    on: dt.date,
    developer: str = "",
    funding: str = "",
    founding_document: str = "",
) -> TransparencyCard:
    """Return the card of *pathway* as it stands on the date *on*.

    The documents name neither a developer nor a funding source; whoever deploys the pathway may. *founding_document*
    is the title the ledger gives it.
    """
    flow = Flow(pathway, network)
    review = _review(pathway, on)
    unsigned = tuple(s.name for s in pathway.settings.values() if not s.signed_off)
    tags = _tags(pathway)
    unread = flow.unread()
    return TransparencyCard(
        pathway=pathway.id,
        title=pathway.title,
        version=pathway.version,
        content_hash=pathway.content_hash,
        intended_use=pathway.intended_use or NOT_PROVIDED,
        population=_population(pathway),
        limits=(*pathway.caveats, *_limits(pathway, tags, unsigned, unread, review)),
        validation=_validation(pathway),
        attributes=(
            *_described(pathway, developer, funding, founding_document, review),
            *(flow.attribute(row) for row in PERSONAL),
        ),
        criteria=_criteria(pathway, flow),
        review=review,
        grading=_grading(pathway),
        rules=len(pathway.rules),
        tags=tags,
        settings=len(pathway.settings),
        unsigned=unsigned,
        disagreements=_disagreements(pathway),
        inputs=flow.inputs(),
        unread=unread,
    )


def _citations(pathway: Pathway) -> Counter[Citation]:
    """Return every citation of the pathway with how often it is made."""
    parts: tuple[Iterable[object], ...] = (
        pathway.rules.values(), pathway.findings.values(), pathway.treatments.values(),
        pathway.stages.values(), pathway.signs.values(), pathway.settings.values(),
        pathway.combinations.values(), pathway.outcomes,
    )  # fmt: skip
    return Counter(c for part in parts for item in part for c in getattr(item, "sources", ()))


def _described(
    pathway: Pathway, developer: str, funding: str, founding: str, review: ReviewDates
) -> tuple[SourceAttribute, ...]:
    """Return the four attributes that describe the pathway itself."""
    cited = _citations(pathway)
    statements = {c.key for c in cited if c.tag == "SEED"}
    keys = sorted({c.key for c in cited if c.tag in ("V", "V2") and c.key})
    works = tuple(
        f"{key}: {source.title}" + (f" ({source.locate})" if source.locate else "")
        for key in keys
        if (source := pathway.sources.get(key)) is not None
    )
    citation = (
        f"{len(statements)} of {len(pathway.statements)} statements of the founding document "
        f"({founding or f'title {NOT_PROVIDED}'}), and {len(works)} registered sources"
        if cited
        else NOT_PROVIDED
    )
    dates = (
        f"released {review.released}; revised {review.reviewed}; next review {review.review_due}"
    )
    undated = {review.released, review.reviewed, review.review_due} == {NOT_PROVIDED}
    return (
        SourceAttribute(number=1, attribute="bibliographic citation", answer=citation, derived_from=works),
        SourceAttribute(
            number=2, attribute="developer", answer=developer or NOT_PROVIDED,
            derived_from=(_given("developer", developer),),
        ),
        SourceAttribute(
            number=3, attribute="funding source", answer=funding or NOT_PROVIDED,
            derived_from=(_given("funding source", funding),),
        ),
        SourceAttribute(
            number=4, attribute="release and revision dates",
            answer=NOT_PROVIDED if undated else dates,
            derived_from=("the head of the pathway's documents",),
        ),
    )  # fmt: skip


def _given(what: str, value: str) -> str:
    return "stated by whoever runs the software" if value else f"the documents name no {what}"


def _review(pathway: Pathway, on: dt.date) -> ReviewDates:
    due = pathway.review_due
    return ReviewDates(
        released=pathway.released or NOT_PROVIDED,
        reviewed=pathway.reviewed or NOT_PROVIDED,
        review_due=due or NOT_PROVIDED,
        reviewer=pathway.reviewer or NOT_PROVIDED,
        on=on.isoformat(),
        past_due=on.isoformat() > due if due else None,
    )


def _population(pathway: Pathway) -> str:
    finding = pathway.findings[IN_SCOPE]
    return f"{finding.says} ({in_words(finding.when, pathway, _defaults(pathway))})"


def _defaults(pathway: Pathway) -> dict[str, Decimal]:
    return {name: setting.value for name, setting in pathway.settings.items()}


def _validation(pathway: Pathway) -> tuple[Validated, ...]:
    return (
        Validated(what="validation", status=NO_CLINICAL_USE),
        Validated(what="status of the documents", status=pathway.status or NOT_PROVIDED),
        Validated(what="clinical review", status=pathway.reviewed or NOT_PROVIDED),
        Validated(what="reviewer", status=pathway.reviewer or NOT_PROVIDED),
    )


def _tags(pathway: Pathway) -> tuple[TagCount, ...]:
    named = [{citation.tag for citation in rule.sources} for rule in pathway.rules.values()]
    return tuple(
        TagCount(
            tag=tag,
            label=label,
            rules=sum(tag in tags for tags in named),
            alone=sum(tags == {tag} for tags in named),
        )
        for tag, label in TAG_LABELS.items()
    )


def _limits(
    pathway: Pathway,
    tags: tuple[TagCount, ...],
    unsigned: tuple[str, ...],
    unread: tuple[UnreadFact, ...],
    review: ReviewDates,
) -> tuple[str, ...]:
    """Return the limits that can be counted."""
    found = []
    if unsigned:
        count = len(unsigned)
        found.append(f"{count} of {len(pathway.settings)} settings are signed off by no clinician.")
    weak = sum(
        all(citation.tag in ("M", "C") for citation in rule.sources)
        for rule in pathway.rules.values()
    )
    if weak:
        found.append(
            f"{weak} of {len(pathway.rules)} rules rest on no text that was read, only on memory (M) "
            "or a convention of the project (C)."
        )
    second = next(tag for tag in tags if tag.tag == "V2")
    if second.alone:
        found.append(
            f"{second.alone} rules rest on secondary sources (V2) alone; check the primary."
        )
    if unread:
        found.append(f"Accepted, but nothing rests on it: {', '.join(u.title for u in unread)}.")
    if review.past_due:
        found.append(f"The pathway was due for review on {review.review_due}.")
    return tuple(found)


def _criteria(pathway: Pathway, flow: Flow) -> tuple[Criterion, ...]:
    """State where the pathway stands on each of the four criteria; none of it is legal advice."""
    facts = flow.definitions()
    kinds = Counter(fact.kind for fact in facts.values())
    other = sorted(kind.value for kind in kinds.keys() - _SINGLE_VALUES)
    listed = ", ".join(f"{kind.value} {count}" for kind, count in sorted(kinds.items()))
    urgent = [
        r for r in pathway.rules.values()
        if r.effect is Effect.RED_SIGN and r.urgency in (Urgency.U0, Urgency.U1)
    ]  # fmt: skip
    uncited = [rule.id for rule in pathway.rules.values() if not rule.sources]
    sections = ", ".join(section.title.lower() for section in pathway.sections)
    return (
        Criterion(
            number=1,
            asks="no medical image, signal or pattern is acquired, processed or analysed",
            statement="not shown: there are facts of another kind"
            if other
            else "every input is a single value; no input is an image, a waveform or a stream of measurements",
            derived_from=(f"kinds of the {len(facts)} facts of the dictionary: {listed}",),
            open_points=tuple(f"facts of kind {kind} were not judged" for kind in other),
        ),
        Criterion(
            number=2,
            asks="medical information is displayed or analysed",
            statement=f"inputs are facts clinicians ask each other for: {sections}",
            derived_from=(f"sections of the dictionary: {len(pathway.sections)}",),
        ),
        Criterion(
            number=3,
            asks="a professional is given recommendations, not a directive or a time-critical alarm",
            statement=f"every answer lists all {len(pathway.treatments)} treatments with a verdict and its "
            "reasons; it never orders, and patients are not its users",
            derived_from=("the catalogue of treatments", "the intended use"),
            open_points=(
                f"{len(urgent)} rules raise a red sign that asks for clinical assessment within hours or days; "
                "whether that is time-critical support is for the deployer to judge",
            )
            if urgent
            else (),
        ),
        Criterion(
            number=4,
            asks="the professional can review the basis independently",
            statement="every verdict shows its rules, the facts with date and source, the statement cited, what is "
            "missing, the settings used and the versions",
            derived_from=(
                f"{len(pathway.rules) - len(uncited)} of {len(pathway.rules)} rules cite a source",
            ),
            open_points=tuple(f"rule {name} cites nothing" for name in uncited),
        ),
    )


def _grading(pathway: Pathway) -> Grading:
    """Return what is graded. No rule carries a grade of its own, and none is invented for it."""
    texts = [
        (f"rule {rule.id}", text)
        for rule in pathway.rules.values()
        for text in (rule.says, rule.statement)
    ]
    texts += [
        (treatment.title, text)
        for treatment in pathway.treatments.values()
        for text in (*treatment.evidence, treatment.expect)
    ]
    quoted = tuple(
        dict.fromkeys(f"{where}: {text}" for where, text in texts if _GRADED.search(text))
    )
    statement = f"{NOT_GRADED}: no rule carries a certainty or a strength of its own (GRADE)"
    if quoted:
        statement += "; gradings that sources report are quoted, not taken over"
    return Grading(statement=statement, quoted=quoted)


def _disagreements(pathway: Pathway) -> tuple[Disagreement, ...]:
    """Return the numbered disagreements: the rules whose topic they are, and the remarks that name them."""
    rules: dict[str, list[DisagreeingRule]] = {}
    remarks: dict[str, list[str]] = {}
    for rule in pathway.rules.values():
        if _TOPIC.fullmatch(rule.topic):
            rules.setdefault(rule.topic, []).append(
                DisagreeingRule(
                    rule=rule.id, effect=rule.effect.value, on=rule.on, says=rule.says,
                    sources=tuple(str(citation) for citation in rule.sources),
                )
            )  # fmt: skip
    for treatment in pathway.treatments.values():
        for text in (*treatment.evidence, *treatment.shows, treatment.expect):
            for topic in dict.fromkeys(_REMARK.findall(text)):
                remarks.setdefault(topic, []).append(f"{treatment.title}: {text}")
    topics = sorted(rules.keys() | remarks.keys(), key=lambda topic: int(topic[1:]))
    return tuple(
        Disagreement(
            topic=topic,
            rules=tuple(rules.get(topic, ())),
            remarks=tuple(remarks.get(topic, ())),
        )
        for topic in topics
    )
