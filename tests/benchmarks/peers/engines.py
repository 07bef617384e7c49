"""Engines that run inside Python: each is given the same conditions in its own language, in its best form."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rules.engine import Engine
from rules.truth import TRUE
from schemas.condition import And, Compare, Condition, Is, Known, Not, OneOf, Or
from tests.benchmarks.peers.workload import Workload, number
from tests.conftest import ON

Answer = Callable[[dict[str, Any]], tuple[bool, ...]]
"""One patient in, what is so of each node out."""


def ours(work: Workload) -> Answer:
    """The compiled evaluator, with three truths."""
    evaluator = work.evaluator
    leaves, nodes = evaluator.leaves, evaluator.nodes
    return lambda patient: nodes(leaves(patient, ON))  # type: ignore[return-value]


def plain_python(work: Workload) -> Answer:
    """What a person would write: one line a rule, two truths, nothing unknown."""
    space: dict[str, Any] = {}
    exec(compile(python_source(work), "<plain python>", "exec"), space)
    found: Answer = space["run"]
    return found


def python_source(work: Workload) -> str:
    """Return a function `run` of one patient, with a line for each rule."""
    lines = ["def run(p):"]
    names = {name: f"n{at}" for at, name in enumerate(work.names)}
    lines += [f"    {fact} = p[{fact!r}]" for fact in work.patients[0]]
    for node in work.network.nodes:
        lines.append(f"    {names[node.name]} = {_python(node.condition, work, names)}")
    lines.append(f"    return ({', '.join(names.values())},)")
    return "\n".join(lines)


def durable_rules(work: Workload) -> Answer:
    """durable-rules through our own adapter, given what each comparison came to."""
    engine = Engine(work.network)
    evaluator, index = work.evaluator, work.network.index
    places = [
        (at, index[c.name]) for at, c in enumerate(engine.conclusions) if c.so and c.name in index
    ]

    def run(patient: dict[str, Any]) -> tuple[bool, ...]:
        fired = engine.run(evaluator.leaves(patient, ON))
        found = [False] * len(index)
        for at, node in places:
            found[node] = at in fired
        return tuple(found)

    return run


def zen(work: Workload) -> Answer:
    """GoRules ZEN: all rules as one compiled expression that returns an object."""
    import zen as gorules

    names = [f"n{at}" for at in range(len(work.names))]
    parts = [
        f"{name}: {_zen(work.flat(node.condition), work)}"
        for name, node in zip(names, work.network.nodes, strict=True)
    ]
    expression = gorules.compile_expression("{" + ", ".join(parts) + "}")

    def run(patient: dict[str, Any]) -> tuple[bool, ...]:
        found = expression.evaluate(patient)
        return tuple([found[name] for name in names])

    return run


def clips(work: Workload) -> Answer:
    """CLIPS: one template for the patient, one rule a node, the rules' names collected."""
    import clips as clipspy

    environment = clipspy.Environment()
    facts = list(work.patients[0])
    environment.build("(deftemplate patient " + " ".join(f"(slot {f})" for f in facts) + ")")
    environment.build("(deftemplate so (slot node))")
    slots = " ".join(f"({f} ?{f})" for f in facts)
    for at, node in enumerate(work.network.nodes):
        test = _lisp(work.flat(node.condition), work)
        environment.build(
            f"(defrule r{at} (patient {slots}) (test {test}) => (assert (so (node {at}))))"
        )
    template = environment.find_template("patient")
    count = len(work.names)

    def run(patient: dict[str, Any]) -> tuple[bool, ...]:
        environment.reset()
        template.assert_fact(**{
            name: clipspy.Symbol("yes" if value else "no") if isinstance(value, bool)
            else clipspy.Symbol(value) if isinstance(value, str) else value
            for name, value in patient.items()
        })  # fmt: skip
        environment.run()
        found = [False] * count
        for fact in environment.facts():
            if fact.template.name == "so":
                found[fact["node"]] = True
        return tuple(found)

    return run


def rego(work: Workload) -> Answer:
    """Rego by rego-cpp: one rule a node."""
    import regopy

    lines = ["package peers", "import rego.v1"]
    for at, node in enumerate(work.network.nodes):
        lines.append(f"default n{at} := false")
        for alternative in _bodies(work.flat(node.condition), True, work):
            lines.append(f"n{at} if {{ {'; '.join(alternative) or 'true'} }}")
    interpreter = regopy.Interpreter()
    interpreter.add_module("peers", "\n".join(lines))

    def run(patient: dict[str, Any]) -> tuple[bool, ...]:
        interpreter.set_input(json.loads(json.dumps(patient)))
        found = json.loads(str(interpreter.query("data.peers")))["expressions"][0]
        return tuple([bool(found[f"n{at}"]) for at in range(len(work.names))])

    return run


def _python(condition: Condition, work: Workload, names: dict[str, str]) -> str:
    match condition:
        case And():
            return (
                "("
                + (" and ".join(_python(i, work, names) for i in condition.items) or "True")
                + ")"
            )
        case Or():
            return (
                "("
                + (" or ".join(_python(i, work, names) for i in condition.items) or "False")
                + ")"
            )
        case Not():
            return f"(not {_python(condition.item, work, names)})"
        case Is():
            return condition.fact
        case Known():
            return "True"
        case Compare():
            sign = "==" if condition.operator == "=" else condition.operator
            return f"{condition.fact} {sign} {number(condition, work.settings)}"
        case OneOf():
            return f"{condition.fact} in {set(condition.words)!r}"
        case _:
            return names[condition.name]  # type: ignore[union-attr]


def _zen(condition: Condition, work: Workload) -> str:
    match condition:
        case And():
            return (
                "(" + (" and ".join(_zen(item, work) for item in condition.items) or "true") + ")"
            )
        case Or():
            return (
                "(" + (" or ".join(_zen(item, work) for item in condition.items) or "false") + ")"
            )
        case Not():
            return f"(not {_zen(condition.item, work)})"
        case Is():
            return condition.fact
        case Known():
            return "true"
        case Compare():
            sign = "==" if condition.operator == "=" else condition.operator
            return f"{condition.fact} {sign} {number(condition, work.settings)}"
        case OneOf():
            return f"{condition.fact} in [{', '.join(repr(word) for word in condition.words)}]"
        case _:
            raise AssertionError(type(condition).__name__)


def _lisp(condition: Condition, work: Workload) -> str:
    match condition:
        case And() | Or():
            if not condition.items:
                return "TRUE" if isinstance(condition, And) else "FALSE"
            if len(condition.items) == 1:
                return _lisp(condition.items[0], work)
            word = "and" if isinstance(condition, And) else "or"
            return f"({word} {' '.join(_lisp(item, work) for item in condition.items)})"
        case Not():
            return f"(not {_lisp(condition.item, work)})"
        case Is():
            return f"(eq ?{condition.fact} yes)"
        case Known():
            return "TRUE"
        case Compare():
            sign = {"!=": "<>"}.get(condition.operator, condition.operator)
            return f"({sign} ?{condition.fact} {number(condition, work.settings)})"
        case OneOf():
            parts = [f"(eq ?{condition.fact} {word})" for word in condition.words]
            return parts[0] if len(parts) == 1 else f"(or {' '.join(parts)})"
        case _:
            raise AssertionError(type(condition).__name__)


def _bodies(condition: Condition, so: bool, work: Workload) -> list[list[str]]:
    """Return the bodies of which one must hold: Rego has no `or` inside a rule."""
    match condition:
        case Not():
            return _bodies(condition.item, not so, work)
        case And() | Or():
            parts = [_bodies(item, so, work) for item in condition.items]
            if isinstance(condition, And) is so:
                found: list[list[str]] = [[]]
                for part in parts:
                    found = [left + right for left in found for right in part]
                return found
            return [body for part in parts for body in part]
        case Is():
            return [[f"input.{condition.fact} == {'true' if so else 'false'}"]]
        case Known():
            return [[]] if so else []
        case Compare():
            sign = "==" if condition.operator == "=" else condition.operator
            if not so:
                sign = {"<": ">=", "<=": ">", "==": "!=", "!=": "==", ">=": "<", ">": "<="}[sign]
            return [[f"input.{condition.fact} {sign} {number(condition, work.settings)}"]]
        case OneOf():
            if so:
                return [[f'input.{condition.fact} == "{word}"'] for word in condition.words]
            return [[f'input.{condition.fact} != "{word}"' for word in condition.words]]
        case _:
            raise AssertionError(type(condition).__name__)


OURS, PLAIN = "steppedcare's evaluator (three truths)", "plain Python (two truths)"
REGO = "Rego (rego-cpp)"
SLOW = {REGO: 10}
"""So many patients are enough for an engine that takes milliseconds."""

ENGINES: dict[str, tuple[Callable[[Workload], Answer], str]] = {
    OURS: (ours, ""),
    PLAIN: (plain_python, ""),
    "GoRules ZEN": (zen, "zen-engine"),
    REGO: (rego, "regopy"),
    "CLIPS": (clips, "clipspy"),
    "durable-rules (our adapter)": (durable_rules, ""),
}
"""What runs in Python: how it is built, and the package it needs."""


def is_right(name: str, answer: Answer, work: Workload, many: int) -> None:
    """Raise AssertionError unless *answer* says of the first *many* patients what the evaluator says."""
    for patient, expected in list(zip(work.patients, work.answers, strict=True))[:many]:
        found = answer(patient)
        if name == OURS:
            found = tuple(each == TRUE for each in found)
        assert tuple(found) == expected, f"{name} answers otherwise"
