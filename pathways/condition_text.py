"""How a condition is written, and how it is read into a tree. The language is described in this room's README."""

from __future__ import annotations

import itertools
import re
from decimal import Decimal
from typing import NoReturn, cast

from pathways.vocabulary import GENERATED, LISTS, Vocabulary, did_you_mean, number
from schemas.condition import (
    And,
    Compare,
    Condition,
    Is,
    Known,
    Not,
    OneOf,
    Operator,
    Or,
    Ref,
    Unit,
    Within,
)
from schemas.facts import FactDefinition, FactKind

LONGEST = 2_000
DEEPEST = 30

_TOKEN = re.compile(r"\s*(<=|>=|!=|[<>=(),]|-?\d+(?:\.\d+)?|[A-Za-z][A-Za-z0-9_-]*)")
_WORDS = {"and", "or", "not", "is", "in", "within", "known", "at", "least", "of", "next", "under"}
_OPERATORS = ("<", "<=", "=", "!=", ">=", ">")
_NUMBERS = (FactKind.INTEGER, FactKind.DECIMAL)
_CHOICES = (FactKind.CHOICE, FactKind.SIGN)


class ConditionError(Exception):
    """The text is not a condition; carries a code, a message and a way out."""

    def __init__(self, code: str, message: str, help: str) -> None:
        super().__init__(message)
        self.code, self.message, self.help = code, message, help


def parse_condition(text: str, vocabulary: Vocabulary) -> Condition:
    """Read *text* into a condition tree whose every name is known to *vocabulary*.

    Raises ConditionError. Texts over 2,000 characters or nested deeper than 30 are refused.
    """
    if len(text) > LONGEST:
        raise ConditionError(
            "condition-too-long", "the condition is too long", "split it into findings"
        )
    return _Parser(_tokens(text), vocabulary).read()


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ConditionError(
                "condition-syntax",
                f"cannot read the condition at character {at + 1}",
                "see `The condition language` in pathways/README.md",
            )
        tokens.append(match.group(1))
        at = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[str], vocabulary: Vocabulary) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0
        self.names = vocabulary
        self.counting = False

    def read(self) -> Condition:
        condition = self.either()
        if self.peek():
            self.fail(f"`{self.peek()}` does not belong here")
        return condition

    def peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        if not token:
            self.fail("the condition ends too early")
        self.at += 1
        return token

    def expect(self, token: str) -> None:
        if self.peek() != token:
            self.fail(f"`{token}` is missing before `{self.peek() or 'the end'}`")
        self.at += 1

    def fail(
        self, message: str, help: str = "see `The condition language` in pathways/README.md"
    ) -> NoReturn:
        raise ConditionError("condition-syntax", message, help)

    def either(self) -> Condition:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ConditionError(
                "condition-too-deep", "the condition is nested too deeply", "split it into findings"
            )
        items = [self.every()]
        while self.peek() == "or":
            self.take()
            items.append(self.every())
        self.depth -= 1
        return items[0] if len(items) == 1 else Or(items=tuple(items))

    def every(self) -> Condition:
        items = [self.negated()]
        while self.peek() == "and":
            self.take()
            items.append(self.negated())
        return items[0] if len(items) == 1 else And(items=tuple(items))

    def negated(self) -> Condition:
        negative = False
        while self.peek() == "not":
            self.take()
            negative = not negative
        item = self.primary()
        return Not(item=item) if negative else item

    def primary(self) -> Condition:
        token = self.take()
        if token == "(":
            inside = self.either()
            self.expect(")")
            return inside
        if token == "at" and self.peek() == "least":
            return self.at_least()
        if token == "known":
            self.expect("(")
            name = self.take()
            definition = self.called(name) if self.peek() == "(" else self.fact(name)
            self.expect(")")
            return Known(fact=definition.name)
        if not token[0].isalpha() or token in _WORDS:
            self.fail(f"`{token}` is not a name")
        if self.peek() == "(":
            if token in GENERATED:
                return self.generated(token)
            return self.about(self.called(token))
        if token in self.names.findings and not self.names.own_only:
            return Ref(name=token)
        return self.about(self.fact(token))

    def at_least(self) -> Condition:
        self.expect("least")
        if self.counting:
            self.fail("`at least` inside `at least` is too much", "name the inner one as a finding")
        self.counting = True
        count = self.take()
        self.expect("of")
        self.expect("(")
        items = [self.either()]
        while self.peek() == ",":
            self.take()
            items.append(self.either())
        self.expect(")")
        self.counting = False
        if not count.isdigit() or not 1 <= int(count) <= len(items) or len(items) > 8:
            self.fail("`at least N of (...)` needs N between 1 and the number of items, at most 8")
        groups = itertools.combinations(items, int(count))
        choices = tuple(And(items=group) if len(group) > 1 else group[0] for group in groups)
        return choices[0] if len(choices) == 1 else Or(items=choices)

    def generated(self, verb: str) -> Condition:
        self.expect("(")
        word = self.take()
        self.expect(")")
        if self.names.own_only:
            self.fail("a trial is judged by its own facts only")
        allowed = {
            "passed": self.names.stages,
            "red": {"U0", "U1", "U2", "any"},
        }.get(verb, self.names.treatments)
        if word not in allowed:
            raise ConditionError(
                "unknown-name",
                f"`{verb}({word})` means nothing",
                did_you_mean(word, allowed, f"use one of {', '.join(sorted(allowed))}"),
            )
        return Ref(name=f"{verb}({word})")

    def called(self, verb: str) -> FactDefinition:
        self.expect("(")
        word = self.take()
        self.expect(")")
        if verb not in LISTS or self.names.own_only:
            raise ConditionError(
                "unknown-name", f"`{verb}(...)` is not known here", did_you_mean(verb, LISTS, "")
            )
        definition = self.names.derived(verb, word)
        if definition is None:
            choices = {*self.names.treatments, *self.names.classes, *self.names.medicines}
            raise ConditionError(
                "unknown-name",
                f"`{verb}({word})` means nothing",
                did_you_mean(word, choices, "classes and agents are listed in medicines.yaml"),
            )
        return definition

    def fact(self, name: str) -> FactDefinition:
        definition = self.names.fact(name)
        if definition is None and name in (*self.names.settings, *self.names.findings):
            raise ConditionError(
                "unknown-fact",
                f"`{name}` is not a fact",
                "a setting stands to the right of a comparison, a finding stands alone",
            )
        if definition is None:
            raise ConditionError(
                "unknown-fact",
                f"unknown fact `{name}`",
                did_you_mean(name, self.names.names(), "facts are listed in facts.yaml"),
            )
        return definition

    def about(self, definition: FactDefinition) -> Condition:
        """Read what is said about a fact whose name has just been read."""
        token = self.peek()
        if token in _OPERATORS:
            self.take()
            self.kind(definition, _NUMBERS, "a number")
            bound, setting = self.amount()
            return Compare(
                fact=definition.name,
                operator=cast(Operator, token),
                bound=bound,
                setting=setting,
            )
        if token in ("is", "in"):
            return self.words(definition)
        if token == "within":
            return self.within(definition)
        self.kind(definition, (FactKind.BOOLEAN,), "a yes/no fact")
        return Is(fact=definition.name)

    def words(self, definition: FactDefinition) -> Condition:
        verb, negative, words = self.take(), False, []
        self.kind(definition, _CHOICES, "a chosen word")
        if verb == "is" and self.peek() == "not":
            self.take()
            negative = True
        if verb == "in":
            self.expect("(")
            words = [self.take()]
            while self.peek() == ",":
                self.take()
                words.append(self.take())
            self.expect(")")
        else:
            words = [self.take()]
        for word in words:
            if word not in definition.choices:
                raise ConditionError(
                    "unknown-word",
                    f"`{word}` is not a word of `{definition.name}`",
                    f"its words are {', '.join(definition.choices)}",
                )
        node = OneOf(fact=definition.name, words=tuple(words))
        return Not(item=node) if negative else node

    def within(self, definition: FactDefinition) -> Condition:
        self.take()
        self.kind(definition, (FactKind.DATE,), "a date")
        ahead = self.peek() == "next"
        if ahead:
            self.take()
        under = self.peek() == "under"
        if under:
            self.take()
        bound, setting = self.amount()
        if bound is not None and (bound < 0 or bound != int(bound)):
            self.fail("a span is a whole number of days or weeks")
        unit = self.take()
        if unit not in ("days", "weeks"):
            self.fail("a span is given in `days` or `weeks`")
        return Within(
            fact=definition.name,
            amount=None if bound is None else int(bound),
            setting=setting,
            unit=cast(Unit, unit),
            side="future" if ahead else "past",
            under=under,
        )

    def amount(self) -> tuple[Decimal | None, str | None]:
        token = self.take()
        value = number(token)
        if value is not None:
            return value, None
        if token not in self.names.settings:
            raise ConditionError(
                "unknown-setting",
                f"unknown setting `{token}`",
                did_you_mean(token, self.names.settings, "settings are listed in settings.md"),
            )
        return None, token

    def kind(self, definition: FactDefinition, kinds: tuple[FactKind, ...], wanted: str) -> None:
        if definition.kind not in kinds:
            raise ConditionError(
                "wrong-kind",
                f"`{definition.name}` is not {wanted}",
                f"it is of kind {definition.kind.value}",
            )
