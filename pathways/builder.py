"""From blocks to models: one method a kind of block; every problem is kept with its file and line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pathways.condition_text import ConditionError, parse_condition
from pathways.documents import Block
from pathways.vocabulary import OUTCOMES, Vocabulary, did_you_mean, number
from schemas.condition import Condition
from schemas.errors import Problem
from schemas.pathway import (
    Combination,
    Effect,
    Finding,
    OutcomeRule,
    Rule,
    Setting,
    Sign,
    Source,
    Stage,
    Treatment,
)
from schemas.provenance import TAG_LABELS, Citation

Model = TypeVar("Model", bound=BaseModel)

KEYS: dict[str, set[str]] = {
    "pathway": {
        "title", "version", "status", "released", "reviewed", "review-due", "reviewer",
        "intended-use", "caveats",
    },
    "rule": {
        "effect", "on", "agents", "when", "says", "do", "do-not", "urgency", "within", "sign",
        "topic", "source", "overrides",
    },
    "finding": {"when", "says", "source"},
    "sign": {"title", "source"},
    "treatment": {
        "number", "title", "family", "stage", "gate", "medicine-class", "agents", "adequate",
        "expect", "shows", "evidence", "source",
    },
    "stage": {"title", "after", "passed-when", "source"},
    "combination": {"of", "says", "source"},
    "outcome": {"when", "says", "source"},
    "setting": {"value", "range", "unit", "says", "source", "signed-off"},
}  # fmt: skip
_TREATMENT_EFFECTS = {
    Effect.RECOMMEND, Effect.CONSIDER, Effect.REQUIRE, Effect.BLOCK,
    Effect.HOLD, Effect.BLOCK_UNLESS_JUSTIFIED, Effect.CAUTION, Effect.EXHAUST, Effect.SKIP,
}  # fmt: skip


class Builder:
    """Builds the models of one pathway; what is wrong is collected in `problems`."""

    names: Vocabulary
    """The names of the pathway's own conditions; set once facts, settings and medicines are read."""
    trial_names: Vocabulary
    """The names of conditions that judge one trial."""

    def __init__(self, statements: dict[str, str], sources: dict[str, Source]) -> None:
        self.statements, self.sources = statements, sources
        self.problems: list[Problem] = []
        self.blocks: dict[str, list[Block]] = {kind: [] for kind in KEYS}

    def problem(self, block: Block, code: str, message: str, help: str) -> None:
        self.problems.append(Problem(code=code, message=message, help=help, where=str(block.place)))

    def check_ids(self) -> None:
        """Ids are unique within their kind; findings may not be called like facts or settings."""
        for kind, blocks in self.blocks.items():
            seen: dict[str, Block] = {}
            for block in blocks:
                if block.id in seen:
                    self.problem(
                        block, "duplicate-id", f"{kind} `{block.id}` stands twice",
                        f"the first is at {seen[block.id].place}",
                    )  # fmt: skip
                seen[block.id] = block
                for key in block.fields.keys() - KEYS[kind]:
                    self.problem(
                        block, "unknown-key", f"{kind} `{block.id}` has the unknown key `{key}`",
                        did_you_mean(key, KEYS[kind], f"keys are {', '.join(sorted(KEYS[kind]))}"),
                    )  # fmt: skip

    def each(self, kind: str, build: Callable[[Block], Any]) -> dict[str, Any]:
        built = {block.id: build(block) for block in self.blocks[kind]}
        return {id: item for id, item in built.items() if item is not None}

    def make(self, model: type[Model], block: Block, **fields: Any) -> Model | None:
        try:
            return model(place=block.place, **fields)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            part = ".".join(str(piece) for piece in first["loc"])
            self.problem(
                block, "wrong-value", f"{block.kind} `{block.id}` has a wrong or missing `{part}`",
                str(first["msg"]).lower(),
            )  # fmt: skip
            return None

    def condition(
        self, block: Block, key: str, names: Vocabulary | None = None
    ) -> Condition | None:
        text = block.text(key)
        if not text:
            return None
        try:
            return parse_condition(text, names or self.names)
        except ConditionError as error:
            self.problem(
                block, error.code, f"{block.kind} `{block.id}`: {error.message}", error.help
            )
            return None

    def citations(self, block: Block) -> tuple[Citation, ...]:
        found = []
        for item in block.many("source"):
            tag, _, key = item.partition(" ")
            key = key.strip().strip("[]")
            if tag not in TAG_LABELS:
                self.problem(
                    block, "unknown-tag", f"{block.kind} `{block.id}` cites by the unknown tag `{tag}`",
                    f"tags are {', '.join(TAG_LABELS)}",
                )  # fmt: skip
                continue
            known = self.statements if tag == "SEED" else self.sources
            if (key or tag in ("SEED", "V", "V2")) and key not in known:
                self.problem(
                    block, "unknown-source", f"{block.kind} `{block.id}` cites the unknown `{item}`",
                    did_you_mean(key, known, "statements stand in ledger.yaml, keys in sources.yaml"),
                )  # fmt: skip
                continue
            found.append(Citation(tag=tag, key=key))  # type: ignore[arg-type]
        if not block.many("source"):
            self.problem(
                block, "uncited", f"{block.kind} `{block.id}` cites no source",
                "add `source`: a statement (SEED S34), a key (V COH20), or a tag (M, C)",
            )  # fmt: skip
        return tuple(found)

    def known_treatments(self, block: Block, key: str) -> tuple[str, ...]:
        names = block.many(key)
        for name in names:
            if name not in self.names.treatments:
                self.problem(
                    block, "unknown-treatment", f"{block.kind} `{block.id}` names the unknown treatment `{name}`",
                    did_you_mean(name, self.names.treatments, "see fbss/treatments"),
                )  # fmt: skip
        return names

    def agents(self, block: Block) -> tuple[str, ...]:
        """Return the medicines the field `agents` names; a class stands for its members."""
        found: list[str] = []
        for word in block.many("agents"):
            if word in self.names.medicines:
                found.append(word)
            elif word in self.names.classes:
                found += [m.id for m in self.names.medicines.values() if word in m.classes]
            else:
                self.problem(
                    block, "unknown-medicine", f"{block.kind} `{block.id}` names the unknown medicine `{word}`",
                    did_you_mean(word, {*self.names.medicines, *self.names.classes}, "see medicines.yaml"),
                )  # fmt: skip
        return tuple(found)

    def setting(self, block: Block) -> Setting | None:
        low, _, high = block.text("range").partition(" to ")
        numbers = [number(text.strip()) for text in (block.text("value"), low, high)]
        if None in numbers or not numbers[1] <= numbers[0] <= numbers[2]:  # type: ignore[operator]
            self.problem(
                block, "setting-range", f"setting `{block.id}` needs a value inside its range",
                "write `value` as a number and `range` as `low to high`",
            )  # fmt: skip
            return None
        return self.make(
            Setting, block, name=block.id, value=numbers[0], minimum=numbers[1], maximum=numbers[2],
            unit=block.text("unit"), says=block.text("says"), sources=self.citations(block),
            signed_off=block.text("signed-off"),
        )  # fmt: skip

    def sign(self, block: Block) -> Sign | None:
        return self.make(
            Sign, block, id=block.id, title=block.text("title"), sources=self.citations(block)
        )

    def finding(self, block: Block) -> Finding | None:
        taken = (self.names.facts, self.names.derivations, self.names.settings)
        if any(block.id in names for names in taken):
            self.problem(
                block,
                "duplicate-id",
                f"finding `{block.id}` is also a fact or setting",
                "rename it",
            )
        return self.make(
            Finding, block, id=block.id, when=self.condition(block, "when"),
            says=block.text("says"), sources=self.citations(block), statement=block.statement,
        )  # fmt: skip

    def treatment(self, block: Block) -> Treatment | None:
        stage = block.text("stage")
        if stage and stage not in self.names.stages:
            self.problem(
                block, "unknown-stage", f"treatment `{block.id}` names the unknown stage `{stage}`",
                did_you_mean(stage, self.names.stages, "stages stand in stages.md"),
            )  # fmt: skip
        return self.make(
            Treatment, block, id=block.id, number=block.text("number"), title=block.text("title"),
            family=block.text("family"), stage=stage,
            gate=block.text("gate").lower() not in ("no", "false"),
            medicine_class=block.text("medicine-class"), agents=self.agents(block),
            adequate=self.condition(block, "adequate", self.trial_names),
            expect=block.text("expect"), shows=block.many("shows"),
            evidence=block.many("evidence"), sources=self.citations(block),
        )  # fmt: skip

    def stage(self, block: Block) -> Stage | None:
        order = [each.id for each in self.blocks["stage"]]
        for name in block.many("after"):
            if name not in order or order.index(name) >= order.index(block.id):
                self.problem(
                    block, "circle", f"stage `{block.id}` waits for `{name}`, which is not an earlier stage",
                    "write stages in their order",
                )  # fmt: skip
        return self.make(
            Stage, block, id=block.id, title=block.text("title"), after=block.many("after"),
            passed_when=self.condition(block, "passed-when"), sources=self.citations(block),
        )  # fmt: skip

    def combination(self, block: Block) -> Combination | None:
        return self.make(
            Combination, block, id=block.id, of=self.known_treatments(block, "of"),
            says=block.text("says"), sources=self.citations(block),
        )  # fmt: skip

    def outcome(self, block: Block) -> OutcomeRule | None:
        if block.id not in OUTCOMES:
            self.problem(
                block, "unknown-word", f"`{block.id}` is no outcome", f"use {', '.join(OUTCOMES)}"
            )
        return self.make(
            OutcomeRule, block, outcome=block.id,
            when=self.condition(block, "when", self.trial_names), says=block.text("says"),
            sources=self.citations(block),
        )  # fmt: skip

    def rule(self, block: Block) -> Rule | None:
        on = self.known_treatments(block, "on") or self.document_treatment(block)
        effect = block.text("effect")
        sign = block.text("sign")
        known_signs = {each.id for each in self.blocks["sign"]}
        if effect in set(_TREATMENT_EFFECTS) and not on:
            self.problem(
                block, "no-treatment", f"rule `{block.id}` acts on no treatment", "add `on`"
            )
        if effect == Effect.RED_SIGN:
            if sign not in known_signs or not block.text("urgency"):
                self.problem(
                    block, "incomplete-red-sign", f"rule `{block.id}` needs a known `sign` and `urgency`",
                    "signs stand in red-signs.md",
                )  # fmt: skip
        elif sign and (effect != Effect.ADVISE or sign not in known_signs):
            self.problem(
                block, "stray-sign", f"rule `{block.id}` names a sign but neither raises it nor prompts for it",
                "use the effect red-sign, or advise for an amber prompt",
            )  # fmt: skip
        if block.text("agents") and effect not in (Effect.BLOCK, Effect.CAUTION):
            self.problem(
                block, "wrong-value", f"rule `{block.id}` limits `{effect}` to single medicines",
                "only block and caution can act on single medicines inside a treatment",
            )  # fmt: skip
        self.check_agents(block, on)
        if on and "revision-surgery" in on and effect in (Effect.RECOMMEND, Effect.CONSIDER):
            self.problem(
                block, "revision-offered", f"rule `{block.id}` offers revision surgery",
                "only a red sign raises the revision flag",
            )  # fmt: skip
        return self.make(
            Rule, block, id=block.id, effect=effect, on=on if effect in set(_TREATMENT_EFFECTS) else (),
            agents=self.agents(block), when=self.condition(block, "when"), says=block.text("says"),
            do=block.text("do"), do_not=block.text("do-not"),
            urgency=block.text("urgency") or None, within=block.text("within") or None, sign=sign,
            topic=block.text("topic"), sources=self.citations(block), statement=block.statement,
            overrides=block.many("overrides"),
        )  # fmt: skip

    def check_agents(self, block: Block, on: tuple[str, ...]) -> None:
        """A rule limited to medicines must name at least one that its treatment has, or it does nothing."""
        agents = set(self.agents(block)) if block.text("agents") else set()
        for treatment in self.blocks["treatment"]:
            if treatment.id in on and agents and not agents & set(self.agents(treatment)):
                self.problem(
                    block, "unknown-medicine",
                    f"rule `{block.id}` names no medicine of the treatment `{treatment.id}`",
                    "see the treatment's `agents`",
                )  # fmt: skip

    def document_treatment(self, block: Block) -> tuple[str, ...]:
        """Inside a document that describes one treatment, a rule acts on that treatment."""
        here = [t.id for t in self.blocks["treatment"] if t.place.file == block.place.file]
        return tuple(here) if len(here) == 1 else ()

    def head(self, block: Block) -> dict[str, Any]:
        """Return what the `pathway` block says of the whole."""
        words = (
            "title", "version", "status", "released", "reviewed", "review_due", "reviewer", "intended_use",
        )  # fmt: skip
        texts = {word: block.text(word.replace("_", "-")) for word in words}
        for word, text in texts.items():
            if not text:
                self.problem(
                    block,
                    "incomplete-pathway",
                    f"the pathway has no `{word.replace('_', '-')}`",
                    "add it",
                )
        return {"id": block.id, **texts, "caveats": block.many("caveats")}
