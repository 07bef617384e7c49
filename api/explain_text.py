"""An explanation as plain text: the decision, why and why not, what to ask, what would change it."""

from __future__ import annotations

from collections.abc import Iterable

from api.text import decision_text, section, wrap
from schemas.explanation import (
    Counterfactual,
    Explanation,
    Journey,
    ProofNode,
    Questions,
    WhatIf,
)

MOST_OPTIONAL = 5


def explanation_text(explanation: Explanation) -> str:
    """Return the whole explanation as text, at most 100 characters wide."""
    lines = [decision_text(explanation.decision).rstrip("\n")]
    lines += ["", "WHY, AND WHY NOT"]
    for row in explanation.matrix:
        value = "" if row.value is None else f" [{row.fact} = {row.value}{_dated(row.date)}]"
        lines.append(wrap(f"{row.title}: {row.verdict}, because {row.deciding}{value}", "  - "))
        if row.statement:
            lines.append(wrap(f"source: {row.statement}", "      "))
    lines += ["", "PROOFS"]
    for proof in explanation.verdicts:
        if proof.proof:
            lines.append(wrap(f"{proof.title}: {proof.verdict}", "  "))
            for node in proof.proof:
                lines += _proof(node, 2)
    lines += questions_lines(explanation.questions)
    lines += ["", "WHAT WOULD MAKE IT AVAILABLE"]
    for each in explanation.counterfactuals:
        lines += counterfactual_lines(each)
    return "\n".join(lines) + "\n"


def _dated(date: str | None) -> str:
    return f", {date}" if date else ""


def _proof(node: ProofNode, depth: int) -> Iterable[str]:
    mark = {"true": "+", "false": "-", "unknown": "?"}[node.truth]
    value = "" if node.value is None else f" [= {node.value}{_dated(node.date)}]"
    sources = ", ".join(f"{note.tag} {note.key}".strip() for note in node.sources)
    cited = f" ({sources})" if sources else ""
    yield wrap(f"{mark} {node.says}{value}{cited}", "  " * depth, "  " * (depth + 1))
    for part in node.because:
        yield from _proof(part, depth + 1)


def questions_lines(questions: Questions) -> list[str]:
    """Return the ranked questions: what keeps the answer open first, then the weightiest optional ones."""
    needed = [item for item in questions.ranked if item.open_now]
    optional = [item for item in questions.ranked if not item.open_now]
    lines = list(
        section(
            "WHAT TO ASK NEXT",
            (
                f"{'RED SIGN: ' if q.red_sign else ''}{q.ask} ({q.fact}; {q.because})"
                for q in needed
            ),
        )
    )
    shown = (f"{q.ask} ({q.fact}; {q.because})" for q in optional[:MOST_OPTIONAL])
    lines += section("ONLY WITH A REASON", shown)
    left = len(optional) - MOST_OPTIONAL
    if left > 0:
        lines.append(f"  and {left} more that could matter together with others")
    if questions.irrelevant:
        names = ", ".join(questions.irrelevant)
        lines += section("NOT ASKED: CAN CHANGE NOTHING NOW", (names,))
    if not questions.exact:
        lines.append("  (too much is open to weigh every future; asked in order)")
    return lines


def counterfactual_lines(each: Counterfactual) -> list[str]:
    """Return what would make one treatment available, way by way."""
    lines = [
        wrap(
            f"{each.title} ({each.verdict}): {each.text if not each.ways else ''}".rstrip(": "),
            "  - ",
        )
    ]
    for number, way in enumerate(each.ways, start=1):
        when = f", at the earliest {way.earliest}" if way.earliest else ""
        lines.append(f"      way {number}: {way.verdict}{when}")
        for change in way.changes:
            text = f"{change.kind}: {change.title} {change.to}"
            if change.kind == "do":
                text += f" ({change.how}; from {change.earliest})"
            lines.append(wrap(text, "        "))
    return lines


def what_if_text(found: WhatIf) -> str:
    """Return a comparison of two answers as text."""
    lines = [f"changed: {', '.join(found.facts_changed) or 'nothing'}"]
    lines += [wrap(text, "  - ") for text in found.text]
    lines += section(
        "FLIP POINTS", (f"{p.title} (now {p.now}): {p.says}" for p in found.flip_points)
    )
    return "\n".join(lines) + "\n"


def journey_text(found: Journey) -> str:
    """Return a patient's journey as text: position, what changed, what was not done, what is due."""
    lines: list[str] = []
    for number, visit in enumerate(found.visits, start=1):
        decision = visit.decision
        lines += ["", f"VISIT {number}, {visit.on}"]
        lines.append(f"  urgency {decision.urgency_text}; {decision.state.value.replace('-', ' ')}")
        lines += [wrap(text, "  changed: ") for text in visit.changed]
        lines += [wrap(text, "  not done: ") for text in visit.not_done]
        lines += [wrap(text, "  due: ") for text in visit.due]
        lines += [
            wrap(step.text, f"  {at}. ") for at, step in enumerate(decision.next_steps[:6], 1)
        ]
        lines += [wrap(text, "  note: ") for text in decision.caveats]
    return "\n".join(lines).lstrip("\n") + "\n"
