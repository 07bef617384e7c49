"""The verdict on every treatment, with its reasons, cautions, medicines and what it waits for."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from rules.bare import NOT_RELIED_ON
from rules.evaluation import Evaluation
from rules.explain import Explainer
from rules.network import ASSESSED, IN_SCOPE
from rules.outline import Outliner
from rules.trials import together
from rules.truth import FALSE, TRUE, UNKNOWN
from rules.verdict import Standing, verdict
from rules.words import lower_first
from schemas.condition import Ref
from schemas.decision import AgentAdvice, Reason, TreatmentDecision, Verdict
from schemas.pathway import Effect, Pathway, Rule, Treatment, plain_spelling

REVISION = "revision-surgery"
VERBS = ("blocked", "held", "unjustified", "indicated", "ready")
"""The conclusions a verdict rests on."""


class TreatmentWriter:
    """Writes the ten treatment decisions of one evaluation."""

    def __init__(
        self,
        pathway: Pathway,
        evaluation: Evaluation,
        explainer: Explainer,
        outliner: Outliner,
    ) -> None:
        self.pathway, self.evaluation, self.explainer = pathway, evaluation, explainer
        self.outliner = outliner
        self.catalogue = explainer.catalogue
        self.nodes = evaluation.nodes
        self.truths = tuple(self.nodes.values())
        self.complete = outliner.complete(self.truths)

    def rules(self, treatment: Treatment, *effects: Effect) -> list[Rule]:
        return self.catalogue.on(treatment.id, *effects)

    def holding(self, treatment: Treatment, *effects: Effect, truth: int = TRUE) -> list[Rule]:
        """Return the rules for the whole treatment whose condition has *truth*."""
        return [
            rule
            for rule in self.rules(treatment, *effects)
            if not rule.agents and self.nodes[f"rule:{rule.id}"] == truth
        ]

    def tried(self, treatment: Treatment) -> str | None:
        return self.evaluation.reading.values.get(f"tried_{treatment.id.replace('-', '_')}")

    def standing(self, treatment: Treatment) -> Standing:
        values = self.evaluation.reading.values
        return self.outliner.standing(treatment.id, self.truths, values)

    def write(self, treatment: Treatment) -> TreatmentDecision:
        standing = self.standing(treatment)
        ruling = verdict(standing)
        otherwise = verdict(standing, held=False) if ruling is Verdict.ON_HOLD else None
        if self.evaluation.faults and ruling not in (Verdict.BLOCK, Verdict.ON_HOLD):
            ruling = Verdict.NEEDS_DATA
        reasons = self.reasons(treatment, ruling, standing)
        waits = self.waits(treatment, ruling)
        return TreatmentDecision(
            treatment=treatment.id,
            title=treatment.title,
            stage=treatment.stage,
            verdict=ruling,
            otherwise=otherwise,
            summary=self.summary(treatment, ruling, standing, reasons, waits),
            reasons=reasons,
            cautions=self.cautions(treatment),
            agents=tuple(self.agent(treatment, agent) for agent in treatment.agents),
            missing=self.missing(treatment, ruling),
            waits_for=waits,
            reconsider=self.reconsider(treatment, ruling),
            shows=treatment.shows,
            evidence=treatment.evidence,
            expect=treatment.expect,
            trial=standing.tried or "not-settled",
            sources=self.catalogue.labels[treatment.id],
        )

    def reasons(
        self, treatment: Treatment, ruling: Verdict, standing: Standing
    ) -> tuple[Reason, ...]:
        """Return what decided: every block that holds, and the rules behind the verdict."""
        blocks = self.holding(treatment, Effect.BLOCK, Effect.HOLD, Effect.BLOCK_UNLESS_JUSTIFIED)
        found = list(blocks)
        if treatment.agents and standing.blocked == TRUE and not blocks:
            found += [
                r for r in self.rules(treatment, Effect.BLOCK) if r.agents and self.is_true(r)
            ]
        if treatment.id == REVISION and standing.red == TRUE:
            found += [rule for rule in self.catalogue.of(Effect.RED_SIGN) if self.is_true(rule)]
        match ruling:
            case Verdict.RECOMMEND:
                found += self.holding(treatment, Effect.RECOMMEND)
            case Verdict.CONSIDER:
                found += self.holding(treatment, Effect.CONSIDER)
            case Verdict.TRIED_FAILED:
                found += self.holding(treatment, Effect.EXHAUST)
            case Verdict.NOT_INDICATED:
                found += self.rules(treatment, Effect.RECOMMEND, Effect.CONSIDER)
            case Verdict.NOT_YET:
                found += self.holding(treatment, Effect.REQUIRE, truth=FALSE)
                found += self.holding(treatment, Effect.RECOMMEND, Effect.CONSIDER)
            case Verdict.NEEDS_DATA:
                for effect in (
                    Effect.BLOCK, Effect.HOLD, Effect.BLOCK_UNLESS_JUSTIFIED, Effect.REQUIRE,
                    Effect.RECOMMEND, Effect.CONSIDER,
                ):  # fmt: skip
                    found += self.holding(treatment, effect, truth=UNKNOWN)
            case _:
                pass
        return tuple(self.explainer.reason(rule) for rule in dict.fromkeys(found))

    def is_true(self, rule: Rule) -> bool:
        return self.nodes[f"rule:{rule.id}"] == TRUE

    def cautions(self, treatment: Treatment) -> tuple[Reason, ...]:
        return tuple(
            self.explainer.reason(rule)
            for rule in self.rules(treatment, Effect.CAUTION)
            if not rule.agents and self.is_true(rule)
        )

    def agent(self, treatment: Treatment, agent: str) -> AgentAdvice:
        """Say what holds for one medicine inside a treatment."""
        trial = self.trial_of(agent)
        mine = [
            rule
            for rule in self.catalogue.agent(treatment.id, agent)
            if self.nodes[f"rule:{rule.id}"] != FALSE
        ]
        true = [rule for rule in mine if self.is_true(rule)]
        unknown = [r for r in mine if not self.is_true(r) and r.effect is Effect.BLOCK]
        if any(rule.effect is Effect.BLOCK for rule in true):
            standing = "block"
        elif unknown:
            standing = "needs-data"
        else:
            standing = "caution" if true or trial not in ("none", "responder") else "open"
        return AgentAdvice(
            agent=agent,
            title=self.pathway.medicines[agent].title,
            standing=standing,  # type: ignore[arg-type]
            trial=trial,
            reasons=tuple(self.explainer.reason(rule) for rule in (*true, *unknown)),
        )

    def trial_of(self, agent: str) -> str:
        """Return how the trials of one medicine were judged together."""
        outcomes = [
            outcome
            for trial, outcome in self.evaluation.reading.outcomes
            if trial.agent
            and (found := self.pathway.spellings.get(plain_spelling(trial.agent))) is not None
            and found.id == agent
        ]
        return together(outcomes) or "not-settled"

    def missing(self, treatment: Treatment, ruling: Verdict) -> tuple[str, ...]:
        if ruling is not Verdict.NEEDS_DATA:
            return ()
        found: dict[str, None] = {}
        if self.nodes[IN_SCOPE] != TRUE or self.nodes[ASSESSED] != TRUE or not self.complete:
            for name in (IN_SCOPE, ASSESSED):
                found |= dict.fromkeys(self.explainer.unanswered(Ref(name=name)))
        else:
            for verb in VERBS:
                name = f"{verb}({treatment.id})"
                found |= dict.fromkeys(self.explainer.undecided(Ref(name=name)))
            if self.tried(treatment) is None:
                found[f"tried_{treatment.id.replace('-', '_')}"] = None
        names = (self.pathway.definition(fact).from_list or fact for fact in found)
        return tuple(dict.fromkeys(names))

    def waits(self, treatment: Treatment, ruling: Verdict) -> tuple[str, ...]:
        """Return what must come first for a treatment that may not be offered yet."""
        if ruling is not Verdict.NOT_YET:
            return ()
        if self.nodes[f"open({treatment.id})"] == FALSE:
            stages = self.pathway.stages[treatment.stage].after
            return tuple(
                f"stage {stage} ({self.pathway.stages[stage].title}) has to be passed first"
                for stage in stages
                if self.nodes[f"passed({stage})"] != TRUE
            )
        return tuple(r.says for r in self.holding(treatment, Effect.REQUIRE, truth=FALSE))

    def reconsider(self, treatment: Treatment, ruling: Verdict) -> str | None:
        """Return the earliest date on which the stage could be open: one adequate course of therapy from now."""
        if ruling is not Verdict.NOT_YET or self.nodes[f"open({treatment.id})"] == TRUE:
            return None
        weeks = self.evaluation.settings.get("pt_trial_weeks", Decimal(0))
        if not weeks:
            return None
        self.explainer.settings_read.add("pt_trial_weeks")
        return (self.evaluation.patient.on + dt.timedelta(weeks=int(weeks))).isoformat()

    def summary(
        self,
        treatment: Treatment,
        ruling: Verdict,
        standing: Standing,
        reasons: tuple[Reason, ...],
        waits: tuple[str, ...],
    ) -> str:
        says = "; ".join(dict.fromkeys(reason.says for reason in reasons[:3]))
        match ruling:
            case Verdict.ON_HOLD if treatment.id == REVISION:
                return "surgical assessment: revision may be required; the surgeon decides"
            case Verdict.ON_HOLD:
                return "on hold until the red sign has been cleared up"
            case Verdict.NEEDS_DATA if self.evaluation.faults:
                return NOT_RELIED_ON
            case Verdict.NEEDS_DATA if standing.scope == UNKNOWN or not standing.assessed:
                return "the red-sign screen and the minimum assessment come first"
            case Verdict.NEEDS_DATA:
                names = [self.title(name) for name in self.missing(treatment, ruling)[:4]]
                return f"cannot be judged without: {', '.join(names)}"
            case Verdict.NOT_INDICATED if standing.scope == FALSE:
                return "outside the scope of this pathway"
            case Verdict.NOT_INDICATED if treatment.id == REVISION:
                return "no red sign; revision has limited success"
            case Verdict.NOT_INDICATED:
                return f"no indication: {self.denied(treatment)}"
            case Verdict.NOT_YET:
                return "; ".join(waits)
            case Verdict.TRIED_HELPED if standing.tried == "partial":
                return (
                    "partial relief without a gain in function; the clinician decides how to go on"
                )
            case Verdict.TRIED_HELPED:
                return "helped: keep, and review"
            case Verdict.TRIED_FAILED if not says:
                return "tried, and did not help or harmed"
            case _:
                return says

    def denied(self, treatment: Treatment) -> str:
        """Say what speaks against every indication: the deciding comparisons, with their values."""
        indications = self.rules(treatment, Effect.RECOMMEND, Effect.CONSIDER)
        texts = (self.explainer.deciding(Ref(name=f"rule:{rule.id}"), 3) for rule in indications)
        return "; ".join(dict.fromkeys(texts))

    def title(self, name: str) -> str:
        if name in ("trials", "medications", "surgeries"):
            return f"the list of {name}"
        return lower_first(self.pathway.definition(name).title)
