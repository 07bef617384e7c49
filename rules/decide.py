"""The decision: from one patient's facts to the full answer.

    facts -> red-sign screen -> findings -> trials judged -> stages -> verdict per treatment -> decision

A pure function of pathway, settings, patient and date. It never raises for a patient that has been checked: when
something inside breaks, the red signs are answered all the same and the rest says that it is incomplete.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from rules import engine as engine_module
from rules.bare import INCOMPLETE, bare_decision
from rules.canonical import patient_input, sha256
from rules.catalogue import Catalogue
from rules.evaluation import Evaluation, Settled, Voices
from rules.explain import Explainer
from rules.missing import Questions
from rules.network import ASSESSED, IN_SCOPE, build_network
from rules.outline import Outliner
from rules.steps import next_steps
from rules.treatments import TreatmentWriter
from rules.truth import FALSE, TRUE, UNKNOWN
from schemas.decision import (
    OFFERS,
    Advice,
    Cause,
    CombinationAdvice,
    Decision,
    NextReview,
    OverrideNote,
    RedSign,
    Scope,
    SettingsNote,
    State,
    SurgicalAssessment,
    TreatmentDecision,
    Verdict,
)
from schemas.pathway import URGENCY_WORDS, Effect, Pathway, Rule, Urgency
from schemas.patient import Patient
from schemas.provenance import Engines, Receipt

EVALUATOR_VERSION = "1"
SURGICAL_TEXT = "Surgical assessment: revision may be required"
_OPEN_STAGES = (State.S1, State.S2, State.S3)


class Decider:
    """Decides for one pathway; build it once and share it between threads."""

    def __init__(self, pathway: Pathway, program: str) -> None:
        """*program* names the version of the software that will stand in every receipt."""
        self.pathway, self.program = pathway, program
        self.network = build_network(pathway)
        self.voices = Voices(pathway, self.network)
        self.screen = self.network.screen(pathway)
        self.engines = Engines(
            program=program,
            durable_rules=engine_module.VERSION,
            evaluator=EVALUATOR_VERSION,
        )
        self.outliner = Outliner(pathway, self.network)
        self.catalogue = Catalogue(pathway)
        self._because: dict[str, dict[str, str]] = {}
        raising = [r for r in pathway.rules.values() if r.effect is Effect.RED_SIGN]
        self.red_sign_facts = frozenset(self.network.facts(f"rule:{rule.id}" for rule in raising))

    def because(self, settings: Settled) -> dict[str, str]:
        """Return where the words of rules under *settings* are kept; they hold nothing of any patient."""
        return self._because.setdefault(settings.key, {})

    def decide(self, patient: Patient, changed: Mapping[str, Decimal] | None = None) -> Decision:
        """Return the decision for *patient* under its settings profile, or under *changed* settings.

        Raises SettingsError when the profile does not exist.
        """
        settings = self.voices.settings(patient.settings, changed)
        evaluation = self.voices.evaluate(patient, settings)
        try:
            return _Writer(self, evaluation).write()
        except Exception:
            # Whatever broke while explaining, it may not take a red sign with it.
            evaluation.faults.append("explanation")
            return bare_decision(self.pathway, evaluation, self.engines, SURGICAL_TEXT)


def decide(decider: Decider, patient: Patient) -> Decision:
    """Return the decision for *patient*."""
    return decider.decide(patient)


class _Writer:
    """Writes one decision from one evaluation."""

    def __init__(self, decider: Decider, evaluation: Evaluation) -> None:
        self.decider, self.evaluation = decider, evaluation
        self.pathway, self.nodes = decider.pathway, evaluation.nodes
        self.patient, self.reading = evaluation.patient, evaluation.reading
        self.explainer = Explainer(
            self.pathway, decider.network, evaluation.settings, self.patient,
            self.reading.values, self.nodes, decider.catalogue, evaluation.trace,
            decider.because(evaluation.settings),
        )  # fmt: skip

    def write(self) -> Decision:
        red_signs = self.red_signs()
        outliner, truths = self.decider.outliner, tuple(self.nodes.values())
        complete = outliner.complete(truths)
        writer = TreatmentWriter(self.pathway, self.evaluation, self.explainer, outliner)
        treatments = tuple(writer.write(t) for t in self.pathway.treatments.values())
        advice = self.advice()
        state = outliner.state(truths)
        missing = self.missing(treatments)
        surgical = self.surgical(red_signs)
        sent = patient_input(self.patient)
        urgency = outliner.urgency(truths)
        if self.evaluation.faults:
            # A fault is never routine.
            urgency = min(urgency, Urgency.U2)
        decision = Decision(
            pathway=self.pathway.id,
            title=self.pathway.title,
            version=self.pathway.version,
            content_hash=self.pathway.content_hash,
            engines=self.decider.engines,
            on=self.patient.on.isoformat(),
            input=sent,
            settings=SettingsNote(profile=self.patient.settings, used=()),
            incomplete=bool(self.evaluation.faults),
            faults=tuple(self.evaluation.faults),
            scope=self.scope(),
            urgency=urgency,
            urgency_text=self.urgency_text(urgency, complete, bool(red_signs)),
            screen_complete=complete and not self.evaluation.faults,
            red_signs=red_signs,
            surgical_assessment=surgical,
            state=state,
            stage=state.value if state in (*_OPEN_STAGES, State.SPECIALIST_REVIEW) else "S0",
            next_steps=next_steps(
                state, red_signs, surgical, treatments, missing, advice,
                tuple(self.pathway.stages.values()),
            ),
            treatments=treatments,
            combinations=self.combinations(treatments),
            causes=self.causes(),
            advice=advice,
            missing=missing,
            conflicts=tuple(self.reading.conflicts),
            not_used=tuple(sorted(self.reading.not_used, key=lambda item: (item.where, item.why))),
            stale=tuple(self.reading.stale),
            overrides=self.overrides(treatments),
            next_review=self.next_review(state),
            caveats=self.caveats(complete),
            receipt=Receipt(
                facts=sha256(sent),
                settings=self.evaluation.settings.key,
                content=self.pathway.content_hash,
                program=self.decider.program,
                decision="",
            ),
        )  # fmt: skip
        decision = decision.model_copy(update={"settings": self.settings_note()})
        receipt = decision.receipt.model_copy(
            update={"decision": sha256(decision.model_dump(mode="json"))}
        )
        return decision.model_copy(update={"receipt": receipt})

    def holding(self, *effects: Effect) -> list[Rule]:
        rules = self.decider.catalogue.of(*effects)
        return [rule for rule in rules if self.nodes[f"rule:{rule.id}"] == TRUE]

    def red_signs(self) -> tuple[RedSign, ...]:
        """Return the open red signs, the most urgent first."""
        found, raising = [], self.holding(Effect.RED_SIGN)
        for sign in self.pathway.signs.values():
            rules = [rule for rule in raising if rule.sign == sign.id]
            if not rules:
                continue
            rules.sort(key=lambda rule: rule.urgency or Urgency.U3)
            reasons = tuple(self.explainer.reason(rule) for rule in rules)
            found.append(
                RedSign(
                    id=sign.id,
                    title=sign.title,
                    urgency=rules[0].urgency or Urgency.U3,
                    onset=self.onset(reasons[0].facts),
                    first_action=tuple(dict.fromkeys(rule.do for rule in rules if rule.do)),
                    do_not=tuple(dict.fromkeys(rule.do_not for rule in rules if rule.do_not)),
                    reasons=reasons,
                )
            )
        order = list(self.pathway.signs)
        return tuple(sorted(found, key=lambda sign: (sign.urgency, order.index(sign.id))))

    @staticmethod
    def onset(facts: tuple[object, ...]) -> str:
        words = ("new", "worsening", "onset-unknown", "stable")
        values = [str(getattr(fact, "value", "")) for fact in facts]
        return next((word for word in words if word in values), "onset-unknown")

    def surgical(self, red_signs: tuple[RedSign, ...]) -> SurgicalAssessment | None:
        if not red_signs:
            return None
        return SurgicalAssessment(
            text=SURGICAL_TEXT,
            urgency=red_signs[0].urgency,
            signs=tuple(sign.id for sign in red_signs),
        )

    def urgency_text(self, urgency: Urgency, complete: bool, open_sign: bool) -> str:
        words = URGENCY_WORDS[urgency]
        if self.evaluation.faults:
            return f"at least {urgency} ({words}): the evaluation is incomplete"
        if not complete:
            prefix = (
                "at least " if open_sign or urgency is not Urgency.U3 else "not settled, at least "
            )
            return f"{prefix}{urgency}: red-sign questions are unanswered"
        return f"{urgency} ({words})"

    def scope(self) -> Scope:
        support = self.holding(Effect.SUPPORT)
        topics = {rule.topic for rule in support}
        confidence = (
            "key-sign" if "key-sign" in topics
            else "supported" if "supportive" in topics
            else "possible" if self.nodes[IN_SCOPE] == TRUE
            else "not-applicable"
        )  # fmt: skip
        status = {TRUE: "in-scope", FALSE: "out-of-scope", UNKNOWN: "unknown"}[self.nodes[IN_SCOPE]]
        return Scope(
            status=status,  # type: ignore[arg-type]
            confidence=confidence,  # type: ignore[arg-type]
            reasons=tuple(self.explainer.reason(rule) for rule in support),
        )

    def advice(self) -> tuple[Advice, ...]:
        return tuple(
            Advice(
                rule=rule.id,
                text=f"{rule.says}. {rule.do}".rstrip(". ") if rule.do else rule.says,
                topic=rule.topic,
                urgency=rule.urgency or rule.within,
                reason=self.explainer.reason(rule),
            )
            for rule in self.holding(Effect.ADVISE)
        )

    def causes(self) -> tuple[Cause, ...]:
        return tuple(
            Cause(
                rule=rule.id, text=rule.says, points_to=rule.do, reason=self.explainer.reason(rule)
            )
            for rule in self.holding(Effect.CAUSE)
        )

    def missing(self, treatments: tuple[TreatmentDecision, ...]) -> tuple:  # type: ignore[type-arg]
        questions = Questions(self.pathway, self.explainer)
        questions.red_signs(self.decider.screen)
        if self.nodes["red(any)"] != TRUE and self.nodes[IN_SCOPE] != FALSE:
            questions.assessment()
            if self.nodes[IN_SCOPE] == TRUE and self.nodes[ASSESSED] == TRUE:
                for item in treatments:
                    tried = None if item.trial == "not-settled" else item.trial
                    questions.treatment(item.treatment, item.verdict, tried)
        why = {
            name: entry.unknown or "not-asked"
            for name, entry in self.patient.facts.items()
            if entry.value is None
        } | dict.fromkeys((item.fact for item in self.reading.stale), "stale")
        return questions.ranked(self.decider.red_sign_facts, why)

    def combinations(
        self, treatments: tuple[TreatmentDecision, ...]
    ) -> tuple[CombinationAdvice, ...]:
        offered = {item.treatment for item in treatments if item.verdict in OFFERS}
        return tuple(
            CombinationAdvice(
                id=each.id,
                treatments=each.of,
                text=each.says,
                sources=tuple(self.explainer.source(citation) for citation in each.sources),
            )
            for each in self.pathway.combinations.values()
            if offered.issuperset(each.of)
        )

    def overrides(self, treatments: tuple[TreatmentDecision, ...]) -> tuple[OverrideNote, ...]:
        verdicts = {item.treatment: item.verdict for item in treatments}
        held = (Verdict.BLOCK, Verdict.BLOCK_UNLESS_JUSTIFIED, Verdict.ON_HOLD)
        return tuple(
            OverrideNote(
                treatment=each.treatment,
                lifts=each.lifts,
                who=each.who,
                when=each.when.text,
                why=each.why,
                applied=verdicts[each.treatment] not in held,
            )
            for each in sorted(
                self.patient.overrides,
                key=lambda o: (o.treatment, o.lifts, o.when.text, o.who, o.why),
            )
        )

    def next_review(self, state: State) -> NextReview:
        if state is State.RED_SIGN:
            return NextReview(
                by=None, text="as the red sign demands; decide again once it is cleared up"
            )
        if state is State.OUT_OF_SCOPE:
            return NextReview(by=None, text="no review within this pathway")
        if state is State.NEEDS_ASSESSMENT:
            return NextReview(
                by=None, text="decide again as soon as the missing answers are recorded"
            )
        weeks = self.evaluation.settings["review_weeks"]
        self.explainer.settings_read.add("review_weeks")
        by = self.patient.on + dt.timedelta(weeks=int(weeks))
        return NextReview(
            by=by.isoformat(), text=f"review by {by.isoformat()}, or earlier if anything changes"
        )

    def caveats(self, complete: bool) -> tuple[str, ...]:
        found = list(self.pathway.caveats)
        if not complete:
            found.insert(0, "Red signs are not excluded: some red-sign questions are unanswered.")
        if self.evaluation.faults:
            found.insert(0, INCOMPLETE)
        if self.reading.unclassified:
            found.append(
                f"{self.reading.unclassified} medicine(s) could not be classified; "
                "interactions with them are not checked."
            )
        if () in (self.patient.medications, self.patient.trials, self.patient.surgeries):
            found.append("An empty list of medicines, treatments or operations was read as: none.")
        for name in self.patient.incomplete:
            found.append(
                f"The list of {name} may lack something: what does not stand in it is unknown, not: no."
            )
        if self.pathway.review_due and self.patient.on.isoformat() > self.pathway.review_due:
            found.append(f"The pathway was due for review on {self.pathway.review_due}.")
        return tuple(found)

    def settings_note(self) -> SettingsNote:
        """Name every setting that a deciding comparison has read, and every one a site has changed."""
        used = []
        for name, setting in self.pathway.settings.items():
            value = self.evaluation.settings[name]
            if value != setting.value or name in self.explainer.settings_read:
                used.append(self.decider.catalogue.setting(name, value))
        return SettingsNote(profile=self.patient.settings, used=tuple(used))
