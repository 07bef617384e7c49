"""The reader that turns a condition into words: the sentence cannot differ from the logic, it is the logic."""

from __future__ import annotations

from decimal import Decimal

from rules.leaves import Settings, bound_of
from schemas.condition import And, Compare, Condition, Is, Known, Not, OneOf, Or, Ref, Within
from schemas.pathway import Pathway

_OPERATORS = {
    "<": "below",
    "<=": "at most",
    "=": "exactly",
    "!=": "not",
    ">=": "at least",
    ">": "above",
}
_DENIED = {
    "<": "at least",
    "<=": "above",
    "=": "not",
    "!=": "exactly",
    ">=": "below",
    ">": "at most",
}
_GENERATED = {
    "held": ("{} is blocked for now", "{} is not blocked for now"),
    "blocked": ("{} is blocked", "{} is not blocked"),
    "indicated": ("{} is indicated", "{} is not indicated"),
    "exhausted": ("{} has had its chance", "{} has not yet had its chance"),
    "done": ("{} need not be waited for", "{} still has to be tried"),
    "required": ("what {} requires is in place", "something {} requires is missing"),
    "open": ("the stage of {} is open", "the stage of {} is not open"),
    "ready": ("{} may be offered", "{} may not be offered yet"),
    "passed": ("stage {} is passed", "stage {} is not passed"),
    "unjustified": ("{} is blocked and nobody has justified it", "{} needs no justification"),
    "recommended": ("{} is the default step", "{} is not the default step"),
}


def in_words(
    condition: Condition, pathway: Pathway, settings: Settings, positive: bool = True
) -> str:
    """Say *condition* (or, unless *positive*, its opposite) in words, with settings as numbers."""
    match condition:
        case Not():
            return in_words(condition.item, pathway, settings, not positive)
        case And() | Or():
            word = "and" if isinstance(condition, And) is positive else "or"
            parts = [
                f"({text})" if isinstance(item, And | Or) else text
                for item in condition.items
                if (text := in_words(item, pathway, settings, positive))
            ]
            return f" {word} ".join(parts)
        case Ref():
            return _reference(condition.name, pathway, positive)
        case Is():
            title = pathway.definition(condition.fact).title
            return f"{lower_first(title)}: {'yes' if positive else 'no'}"
        case Known():
            title = lower_first(pathway.definition(condition.fact).title)
            return f"{title} is {'recorded' if positive else 'not recorded'}"
        case Compare():
            return _comparison(condition, pathway, settings, positive)
        case OneOf():
            title = lower_first(pathway.definition(condition.fact).title)
            words = " or ".join(word.replace("-", " ") for word in condition.words)
            return f"{title}: {words}" if positive else f"{title}: not {words}"
        case Within():
            title = lower_first(pathway.definition(condition.fact).title)
            amount = settings[condition.setting] if condition.setting else condition.amount
            side = "of" if condition.side == "past" else "after"
            verb = ("within" if positive else "not within") + (
                " less than" if condition.under else ""
            )
            return f"{title} {verb} {plain_number(amount)} {condition.unit} {side} this date"


def _comparison(condition: Compare, pathway: Pathway, settings: Settings, positive: bool) -> str:
    definition = pathway.definition(condition.fact)
    verb = (_OPERATORS if positive else _DENIED)[condition.operator]
    unit = (
        "" if definition.unit[:1].isdigit() or definition.unit.startswith("-") else definition.unit
    )
    unit = "" if unit.startswith("of ") else unit
    bound = plain_number(bound_of(condition, settings))
    return f"{lower_first(definition.title)} {verb} {bound} {unit}".rstrip()


def _reference(name: str, pathway: Pathway, positive: bool) -> str:
    if name in pathway.findings:
        says = pathway.findings[name].says
        return says if positive else f"not so: {says}"
    if name.startswith("rule:"):
        says = pathway.rules[name.removeprefix("rule:")].says
        return says if positive else f"not so: {says}"
    if name.startswith("sign:"):
        title = pathway.signs[name.removeprefix("sign:")].title
        return (
            f"red sign: {lower_first(title)}" if positive else f"no red sign: {lower_first(title)}"
        )
    if name.startswith("red("):
        what = name[4:-1]
        text = "a red sign is open" if what == "any" else f"a red sign of urgency {what} is open"
        return text if positive else text.replace("a red sign", "no red sign")
    verb, _, word = name.partition("(")
    word = word.rstrip(")")
    if verb.startswith("agent:"):
        return f"{verb.removeprefix('agent:')} is {'' if positive else 'not '}blocked"
    title = pathway.treatments[word].title if word in pathway.treatments else word
    return _GENERATED[verb][0 if positive else 1].format(title)


def plain_number(value: Decimal | int | None) -> str:
    """Write a number without superfluous zeros."""
    if value is None:
        return ""
    number = Decimal(value)
    return str(int(number)) if number == number.to_integral_value() else f"{number.normalize():f}"


def lower_first(title: str) -> str:
    """Lower the first letter unless the word is an abbreviation or a name with capitals inside (HbA1c, DN4)."""
    first = title.split(" ", 1)[0]
    special = any(letter.isupper() or letter.isdigit() for letter in first[1:])
    return title if special else title[:1].lower() + title[1:]
