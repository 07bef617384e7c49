"""The hazard log as a report: every hazard with its control, the tests that show it, and what is still open."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from pathlib import Path

import pathways
from api.library import get_pathway, pathway_ids
from api.reports import Report
from api.text import wrap
from pathways.hazard_log import matching, read_hazards, trace_problems
from rules.invariants import ELSEWHERE, INVARIANTS, RELATIONS
from schemas.errors import InputError, Problem
from schemas.hazards import HAZARD_IDS, Hazard, HazardLog, Mark, Shows, Status
from schemas.provenance import Place

FILE = "hazards.yaml"
_INDENT = " " * 6


def load_hazards() -> HazardLog:
    """Read the hazard log of the project; raise PathwayError when it is not one."""
    text = resources.files(pathways).joinpath(FILE).read_text(encoding="utf-8")
    return read_hazards(text, f"pathways/{FILE}")


def find_tests() -> Path | None:
    """Return the folder of our tests where it lies beside the program; None where only the program is installed."""
    with resources.as_file(resources.files(pathways)) as folder:
        tests = folder.parent / "tests"
        # Another project's `tests` may lie beside installed packages: ours says what it is about.
        return tests if (tests / "unit" / "test_hazards.py").is_file() else None


def hazard_report(tests_folder: Path | None) -> Report:
    """List every hazard; the last line counts those that are controlled.

    *tests_folder* holds the tests, which are read and not run. Where it is None the report says that tests
    cannot be listed, and does not hold: a control nobody can show is not shown.
    """
    log = load_hazards()
    marks = None if tests_folder is None else tuple(marks_in(tests_folder))
    rules = [rule for id in pathway_ids() for rule in get_pathway(id).rules]
    invariants = (*INVARIANTS, *RELATIONS, *ELSEWHERE)
    lines = [*_doors(log)]
    for hazard in log.hazards:
        lines += _hazard(hazard, log, rules, marks)
    problems = trace_problems(log, rules, invariants, marks)
    if problems:
        lines += ["", "LEADS NOWHERE", *(f"{each.code}: {each}" for each in problems)]
    if marks is None:
        lines += ["", "tests cannot be listed: they are not installed beside the program"]
    counts = {status: log.count(status) for status in Status}
    result = (
        f"{counts[Status.CONTROLLED]} of {len(HAZARD_IDS)} hazards controlled, "
        f"{counts[Status.PARTLY]} partly, {counts[Status.OPEN]} open"
    )
    return lines, result, not problems and marks is not None


def _doors(log: HazardLog) -> Iterator[str]:
    for door in log.doors.values():
        yield wrap(f"{door.title}: {door.module or 'not built'}", f"door {door.id:<10} ")


def _hazard(
    hazard: Hazard, log: HazardLog, rules: Sequence[str], marks: Sequence[Mark] | None
) -> Iterator[str]:
    doors = (name if log.doors[name].built else f"{name} (not built)" for name in hazard.doors)
    yield ""
    yield f"{hazard.id}  {hazard.status.value}, severity {hazard.severity}, {hazard.area.value}"
    yield wrap(hazard.hazard, _INDENT)
    yield wrap(", ".join(doors), f"{_INDENT}doors: ")
    yield wrap(hazard.control or "none yet", f"{_INDENT}control: ")
    if hazard.rules:
        yield wrap(", ".join(_rule(each, rules) for each in hazard.rules), f"{_INDENT}rules: ")
    if hazard.invariants:
        yield wrap(", ".join(map(_invariant, hazard.invariants)), f"{_INDENT}invariants: ")
    if marks is not None:
        mine = [mark for mark in marks if mark.hazard == hazard.id]
        for test in dict.fromkeys(m.test for m in mine if m.shows is Shows.CONTROL) or ("none",):
            yield f"{_INDENT}test: {test}"
        for test in dict.fromkeys(m.test for m in mine if m.shows is Shows.FAULT):
            yield f"{_INDENT}known fault: {test}"
    if hazard.remaining:
        yield wrap(hazard.remaining, f"{_INDENT}remaining: ")


def _rule(pattern: str, rules: Sequence[str]) -> str:
    found = matching(pattern, rules)
    return pattern if found == (pattern,) else f"{pattern} ({len(found)} rules)"


def _invariant(name: str) -> str:
    return f"{name} ({ELSEWHERE[name]})" if name in ELSEWHERE else name


def marks_in(folder: Path) -> Iterator[Mark]:
    """Yield every `@pytest.mark.hazard("H-..")` below *folder*, by reading the files.

    A mark counts for a test where it decorates it or its class, stands in a `parametrize` of it, or in the
    `pytestmark` of its class or module. A test that is skipped shows nothing; one that is expected to fail shows a
    fault. Raises InputError for a file that is not Python.
    """
    for path in sorted(folder.rglob("*.py")):
        name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
        source = path.read_bytes()
        if b"hazard" not in source:
            continue  # most files, and parsing is what takes the time
        try:
            tree = ast.parse(source, name)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            raise InputError(
                Problem(
                    code="cannot-read",
                    message="a file of the tests is not Python",
                    help="correct it, so that the tests it holds can be listed",
                    where=f"{name}:{line}",
                )
            ) from error
        yield from _marks_of(tree, name)


def _marks_of(tree: ast.Module, file: str) -> Iterator[Mark]:
    carried: set[ast.expr] = set()
    is_test_file = file.rpartition("/")[2].startswith("test_")
    for test, parts in _tests(tree.body, (), "") if is_test_file else ():
        shows = _shows(parts)
        for hazard, mark in _hazards(parts):
            carried.add(mark)
            place = Place(file=file, line=mark.lineno)
            yield Mark(hazard=hazard, place=place, test=f"{file}::{test}", shows=shows)
    for hazard, mark in _hazards((tree,)):
        if mark not in carried:
            yield Mark(hazard=hazard, place=Place(file=file, line=mark.lineno))


def _tests(
    body: Sequence[ast.stmt], above: tuple[ast.expr, ...], prefix: str
) -> Iterator[tuple[str, tuple[ast.expr, ...]]]:
    """Yield the name of every test in *body* with the expressions that mark it, those of its module first."""
    above = (*above, *(mark for node in body for mark in _pytestmark(node)))
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from _tests(node.body, (*above, *node.decorator_list), f"{prefix}{node.name}::")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[:4] == "test":
            yield f"{prefix}{node.name}", (*above, *node.decorator_list)


def _pytestmark(node: ast.stmt) -> Sequence[ast.expr]:
    """Return the marks that *node* gives to its whole module or class: `pytestmark = ...`, one or a list."""
    match node:
        case ast.Assign(targets=[ast.Name(id="pytestmark")], value=ast.expr() as value):
            pass
        case ast.AnnAssign(target=ast.Name(id="pytestmark"), value=ast.expr() as value):
            pass
        case _:
            return ()
    return value.elts if isinstance(value, ast.List | ast.Tuple) else (value,)


def _hazards(parts: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    """Yield the id named by every hazard mark in *parts*, `marks=` of a table row included, with the mark itself."""
    for part in parts:
        nodes = [node for node in ast.walk(part) if isinstance(node, ast.expr)]
        calls = {node.func: node for node in nodes if isinstance(node, ast.Call)}
        for node in nodes:
            if _name_of_mark(node) == "hazard":
                call = calls.get(node)
                named = [*call.args, *(word.value for word in call.keywords)] if call else []
                for value in named or [node]:
                    yield _text(value), node


def _text(value: ast.expr) -> str:
    """Return what a literal text says; of anything else its code, which is the id of no hazard."""
    match value:
        case ast.Constant(value=str() as text):
            return text
        case _:
            return ast.unparse(value)


def _shows(marks: Iterable[ast.expr]) -> Shows:
    """Tell what a test under *marks* shows; conditions of a skip are not looked into."""
    names = {_name_of_mark(mark.func if isinstance(mark, ast.Call) else mark) for mark in marks}
    return Shows.NOTHING if "skip" in names else Shows.FAULT if "xfail" in names else Shows.CONTROL


def _name_of_mark(node: ast.expr) -> str:
    """Return NAME of `pytest.mark.NAME` or `mark.NAME`; nothing for any other expression."""
    match node:
        case ast.Attribute(attr=name, value=ast.Attribute(attr="mark") | ast.Name(id="mark")):
            return name
        case _:
            return ""
