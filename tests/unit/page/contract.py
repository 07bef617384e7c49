"""What of a decision a door must show: every field of every part is either told or left out for a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from pydantic import BaseModel

from api.page.answer import name_of
from api.page.routes import titles
from api.page.words import choice, plain, verdict_word
from schemas.decision import (
    OFFERS,
    Advice,
    AgentAdvice,
    Cause,
    CombinationAdvice,
    Conflict,
    Decision,
    Missing,
    NextReview,
    NextStep,
    NotUsed,
    OverrideNote,
    Reason,
    RedSign,
    Scope,
    SettingsNote,
    SettingUsed,
    SourceNote,
    Stale,
    SurgicalAssessment,
    TreatmentDecision,
)
from schemas.pathway import Pathway
from schemas.provenance import Engines, Receipt

PARTS: tuple[type[BaseModel], ...] = (
    Decision, Scope, RedSign, SurgicalAssessment, NextStep, TreatmentDecision, AgentAdvice, Reason, SourceNote,
    CombinationAdvice, Cause, Advice, Missing, Conflict, NotUsed, Stale, OverrideNote, NextReview, SettingsNote,
    SettingUsed, Receipt, Engines,
)  # fmt: skip

LEFT_OUT: dict[type[BaseModel], dict[str, str]] = {
    Decision: {
        "pathway": "its title is shown",
        "input": "the form itself, and the record tab",
        "content_hash": "the receipt names it",
        "incomplete": "a sentence of its own, tested apart",
        "screen_complete": "a sentence of its own, tested apart",
    },
    Scope: {"reasons": "the why tab and the print"},
    RedSign: {},
    NextStep: {"kind": "the text says it", "treatment": "the text names it", "rule": "the why tab"},
    TreatmentDecision: {"treatment": "its title is shown", "stage": "the map shows it"},
    AgentAdvice: {"agent": "its title is shown", "standing": "groups the medicines, in words"},
    Reason: {
        "rule": "the why tab", "effect": "the place where it stands says it", "holds": "only those that hold are told",
        "because": "the why tab", "facts": "the why tab", "unknown": "what is missing is told", "extension": "a tag",
        "topic": "the why tab",
    },
    SourceNote: {"label": "told where the tag is explained", "says": "the evidence tab"},
    CombinationAdvice: {"id": "the text says it", "treatments": "the text names them"},
    Cause: {"rule": "the why tab"},
    Advice: {"rule": "the why tab", "topic": "groups nothing"},
    Missing: {
        "fact": "its question is shown", "red_sign": "a word of its own", "section": "the form groups by it",
        "burden": "told with the questions in front", "decides": "told with the questions in front",
        "why_unknown": "told with the questions in front",
    },
    Conflict: {"code": "the text says it"},
    SettingsNote: {},
    SettingUsed: {"name": "its sentence is shown", "changed": "changed ones have a list of their own",
                  "sources": "the evidence tab", "signed_off": "the evidence tab"},
    NextReview: {"by": "the text holds the day"},
}  # fmt: skip

ONLY_WITH_OFFERS = {"expect", "shows", "evidence"}


def told(pathway: Pathway, decision: Decision) -> Iterable[tuple[str, str]]:
    """Yield every text of *decision* that must be readable, with the place it comes from."""
    words = _Words(pathway)
    yield from words.walk(decision, "decision")


class _Words:
    def __init__(self, pathway: Pathway) -> None:
        self.pathway = pathway
        fact = titles().__getitem__
        self.words: dict[tuple[type[BaseModel], str], Callable[[Any], str]] = {
            (TreatmentDecision, "verdict"): verdict_word,
            (TreatmentDecision, "otherwise"): verdict_word,
            (TreatmentDecision, "missing"): lambda name: titles().get(name, plain(name)),
            (TreatmentDecision, "trial"): plain,
            (AgentAdvice, "trial"): plain,
            (RedSign, "onset"): choice,
            (Scope, "status"): plain,
            (Scope, "confidence"): plain,
            (Decision, "state"): lambda state: plain(str(state)),
            (Conflict, "facts"): lambda name: titles().get(name, plain(name)),
            (Stale, "fact"): fact,
            (OverrideNote, "treatment"): fact,
            (OverrideNote, "lifts"): plain,
            (Missing, "decides"): lambda id: name_of(pathway, id),
        }

    def walk(self, item: BaseModel, where: str) -> Iterable[tuple[str, str]]:
        left_out = LEFT_OUT.get(type(item), {})
        if isinstance(item, SourceNote):
            yield where, f"{item.tag} {item.key}".strip()
            return
        if isinstance(item, SettingUsed) and not item.changed:
            return
        for name in type(item).model_fields:
            if name in left_out or self.skips(item, name):
                continue
            yield from self.value(item, name, getattr(item, name), f"{where}.{name}")

    def skips(self, item: BaseModel, name: str) -> bool:
        if not isinstance(item, TreatmentDecision):
            return isinstance(item, AgentAdvice) and name == "trial" and item.trial == "none"
        if name == "trial":
            return item.trial == "none"
        if name == "otherwise":
            return item.treatment == "revision-surgery"
        return name in ONLY_WITH_OFFERS and item.verdict not in OFFERS

    def value(
        self, item: BaseModel, name: str, value: Any, where: str
    ) -> Iterable[tuple[str, str]]:
        if isinstance(value, tuple):
            for at, each in enumerate(value):
                yield from self.value(item, name, each, f"{where}[{at}]")
        elif isinstance(value, Reason):
            if value.holds == "true" or name == "cautions":
                yield from self.walk(value, where)
        elif isinstance(value, BaseModel):
            yield from self.walk(value, where)
        elif isinstance(value, Enum | str | int) and not isinstance(value, bool) and value != "":
            word = self.words.get((type(item), name), str)
            yield where, word(value)
