"""The reader that prints conditions as CQL, so that another engine can run the very rules that run here.

Facts and settings are parameters, every conclusion of the network is one `define`. A parameter that is not
given is null, and CQL's `and`, `or`, `not` over null are Kleene's: unknown is never no there either.

A date is printed as an `Interval<Date>` of the days it may stand for, and compared by its two ends. CQL knows
dates of lesser precision itself, but they cannot say what is needed here: a date worked out from a list may
be "this day or later", which is no month and no year, and of the month that is still running only the days
up to the date of the question count. Were a vague date compared as its first day, a patient operated on
"in 2026" would count as past the early weeks after surgery, and be offered what those weeks forbid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from rules.network import Network
from rules.words import in_words, plain_number
from schemas.condition import (
    And,
    Compare,
    Condition,
    Is,
    Known,
    Not,
    OneOf,
    Or,
    Ref,
    Within,
    settings_of,
)
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Pathway, Setting

DAY = "on"
"""The parameter that holds the date of the question."""

_TYPES = {
    FactKind.BOOLEAN: "Boolean",
    FactKind.INTEGER: "Integer",
    FactKind.DECIMAL: "Decimal",
    FactKind.CHOICE: "String",
    FactKind.SIGN: "String",
    FactKind.DATE: "Interval<Date>",
}


def library_name(pathway: Pathway) -> str:
    """Return the name of the CQL library of *pathway*: an identifier, the same in FHIR."""
    return "SteppedCare" + "".join(part.capitalize() for part in pathway.id.split("-"))


def print_condition(condition: Condition) -> str:
    """Return *condition* as one CQL expression over the parameters and definitions of its library.

    >>> print_condition(Not(item=Is(fact="diabetes")))
    'not "diabetes"'
    """
    match condition:
        case Not():
            return f"not {_inner(condition.item)}"
        case And():
            return " and ".join(_inner(item) for item in condition.items) or "true"
        case Or():
            return " or ".join(_inner(item) for item in condition.items) or "false"
        case Ref():
            return _quoted(condition.name)
        case Is():
            return _quoted(condition.fact)
        case Known():
            return f"{_quoted(condition.fact)} is not null"
        case Compare():
            bound = _quoted(condition.setting) if condition.setting else _number(condition.bound)
            return f"{_quoted(condition.fact)} {condition.operator} {bound}"
        case OneOf():
            # Not `in {...}`: engines disagree on whether null is in a list. Of `=` there is no doubt.
            fact = _quoted(condition.fact)
            return " or ".join(f"{fact} = {_text(word)}" for word in condition.words) or "false"
        case Within():
            return _quoted(_span_name(condition))


def _inner(condition: Condition) -> str:
    """Return *condition* as an operand; brackets are put around everything that is not a single name."""
    text = print_condition(condition)
    simple = isinstance(condition, Is | Ref | Within) or text in ("true", "false")
    return text if simple else f"({text})"


def _span_name(leaf: Within) -> str:
    """Return the name of the definition that compares a date, in the words of the condition language."""
    side = "" if leaf.side == "past" else "next "
    under = "under " if leaf.under else ""
    return f"{leaf.fact} within {side}{under}{leaf.setting or leaf.amount} {leaf.unit}"


def _span(leaf: Within) -> str:
    """Return the comparison of one date with a span of days whose last day counts.

    Wholly inside: true. Wholly outside, or on the other side of the day of the question: false. Across the
    border: null. Written out for each date, and not once as a function, so that an engine's results show by
    name which comparison of which date was settled.
    """
    span = _quoted(leaf.setting) if leaf.setting else _number(leaf.amount)
    if leaf.unit == "weeks":
        span = f"{span} * 7"
    if leaf.setting:
        # A site may set half a week; the span counts whole days, rounded towards zero.
        span = f"Truncate({span})"
    if leaf.under:
        span = f"{span} - 1"
    fact, day = _quoted(leaf.fact), _quoted(DAY)
    if leaf.side == "past":
        beyond = f"start of {fact} after {day}"
        farthest = f"difference in days between start of {fact} and {day}"
        nearest = f"difference in days between end of {fact} and {day}"
    else:
        beyond = f"end of {fact} before {day}"
        farthest = f"difference in days between {day} and end of {fact}"
        nearest = f"difference in days between {day} and start of {fact}"
    return f"""\
  case
    when {fact} is null then null
    when {beyond} then false
    when {farthest} <= {span} then true
    when Max({{0, {nearest}}}) > {span} then false
    else null
  end"""


def print_library(pathway: Pathway, network: Network) -> str:
    """Return the CQL library of *pathway*: a parameter per fact and setting, a definition per conclusion.

    Raises ValueError when two of them would share a name, for CQL would read one as the other.
    """
    facts = sorted({leaf.fact for leaf in network.leaves})
    spans = [_span_name(leaf) for leaf in network.leaves if isinstance(leaf, Within)]
    nodes = [node.name for node in network.nodes]
    _check_names([DAY, *facts, *pathway.settings, *spans, *nodes])
    parts = [
        f"// {_line(pathway.title)}, version {pathway.version}: {_line(pathway.status)}.",
        "// Printed from the documents of the pathway; not written by hand. A parameter left out is not known.",
        f"library {library_name(pathway)} version {_text(pathway.version)}",
        "",
        "// The date of the question",
        f"parameter {_quoted(DAY)} Date",
        "",
        *_settings(pathway.settings.values()),
        "",
        *(line for name in facts for line in _fact(pathway.definition(name))),
        "",
        *_definitions(pathway, network),
    ]
    return "\n".join(parts)


TREATMENT = "treatment"
"""The parameter of the trials library that says what was tried."""
ADEQUATE = "adequate"


def print_trials(pathway: Pathway) -> str:
    """Return the CQL library that judges one treatment trial: was it adequate, and how did it come out.

    One parameter per fact of a trial. The outcome is that of the first row that holds; a row that is unknown
    stops the reading, because a later row could only be right if the unknown one were false.
    """
    facts = [name for name in pathway.trial_facts if name != ADEQUATE]
    adequate = {t.id: t.adequate for t in pathway.treatments.values() if t.adequate is not None}
    conditions = [*adequate.values(), *(row.when for row in pathway.outcomes)]
    wanted = {name for condition in conditions for name in settings_of(condition)}
    rows = [f"row {at}: {row.outcome}" for at, row in enumerate(pathway.outcomes, 1)]
    name = f"{library_name(pathway)}Trials"
    parts = [
        f"// {_line(pathway.title)}, version {pathway.version}: how a tried treatment is judged.",
        "// Printed from the documents of the pathway; not written by hand. A parameter left out is not known.",
        f"library {name} version {_text(pathway.version)}",
        "",
        f"// What was tried: {', '.join(pathway.treatments)}, or other",
        f"parameter {_quoted(TREATMENT)} String",
        *(line for fact in facts for line in _fact(pathway.trial_facts[fact])),
        *_settings(each for each in pathway.settings.values() if each.name in wanted),
        "",
        "// Long and strong enough to be judged; not known for a treatment nobody has said it of",
        f"define {_quoted(ADEQUATE)}:",
        "  case",
        *(
            f"    when {_quoted(TREATMENT)} = {_text(id)} then {_inner(condition)}"
            for id, condition in adequate.items()
        ),
        "    else null",
        "  end",
        "",
    ]
    for row, label in zip(pathway.outcomes, rows, strict=True):
        parts += [
            f"// {_line(row.says)}",
            f"define {_quoted(label)}:",
            f"  {print_condition(row.when)}",
            "",
        ]
    parts += ['define "outcome":', "  case"]
    for row, label in zip(pathway.outcomes, rows, strict=True):
        parts += [
            f"    when {_quoted(label)} then {_text(row.outcome)}",
            f"    when {_quoted(label)} is null then null",
        ]
    parts += ["    else null", "  end", ""]
    for outcome in dict.fromkeys(row.outcome for row in pathway.outcomes):
        parts += [f'define "outcome is {outcome}":', f'  "outcome" = {_text(outcome)}', ""]
    return "\n".join(parts)


def _settings(settings: Iterable[Setting]) -> Iterator[str]:
    for setting in settings:
        yield f"// {_line(setting.says)} ({_line(setting.unit)})"
        yield f"parameter {_quoted(setting.name)} Decimal default {_number(setting.value, point=True)}"


def _fact(definition: FactDefinition) -> Iterator[str]:
    unit = f" ({definition.unit})" if definition.unit else ""
    choices = f": {', '.join(definition.choices)}" if definition.choices else ""
    yield f"// {_line(definition.title + unit + choices)}"
    yield f"parameter {_quoted(definition.name)} {_TYPES[definition.kind]}"


def _definitions(pathway: Pathway, network: Network) -> Iterator[str]:
    values = {name: setting.value for name, setting in pathway.settings.items()}
    for leaf in network.leaves:
        if isinstance(leaf, Within):
            yield f"// {_line(in_words(leaf, pathway, values))}"
            yield f"define {_quoted(_span_name(leaf))}:\n{_span(leaf)}\n"
    for node in network.nodes:
        words = in_words(node.condition, pathway, values)
        yield f"// {_line(words)}" if words else "// of nothing"
        yield f"define {_quoted(node.name)}:\n  {print_condition(node.condition)}\n"


def _check_names(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"`{name}` stands for two things")
        seen.add(name)


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _line(text: str) -> str:
    """Return *text* on one line, so that it cannot end a comment."""
    return " ".join(text.split())


def _number(value: Decimal | int | None, point: bool = False) -> str:
    """Write a number; with *point* as a Decimal literal even when it is whole."""
    text = plain_number(value)
    return f"{text}.0" if point and "." not in text else text
