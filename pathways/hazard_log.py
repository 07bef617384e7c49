"""The hazard log: read from its document, and traced to rules, invariants, doors and tests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from pathways.dictionary import Reader
from pathways.entries import entries
from pathways.vocabulary import did_you_mean
from pathways.yaml_text import read_yaml
from schemas.errors import PathwayError, Problem
from schemas.hazards import GRAVE, HAZARD_IDS, Door, Hazard, HazardLog, Mark, Shows, Status
from schemas.provenance import Place

NO_TEST = "no marked test"
"""What `remaining` says where only a test is wanting; it may not stand there once there is one."""

_HAZARD_KEYS = set(Hazard.model_fields) - {"id", "place"}
_DOOR_KEYS = {"title", "module"}


def read_hazards(text: str, file: str) -> HazardLog:
    """Read the hazard log *text*, called *file* in diagnostics.

    Raises PathwayError, with file and line of every problem: ids that are not exactly H-01 to H-75, a severity
    outside 1 to 5, doors nobody knows, a hazard that is not controlled and does not say what is missing.
    """
    reader = Reader(file, text)
    data = read_yaml(text, file)
    try:
        _only_keys(reader, data)
        doors = _doors(reader, data["doors"])
        hazards = tuple(_hazards(reader, text, data, doors))
    except (KeyError, TypeError, AttributeError, ValueError):
        reader.problem(
            "", "wrong-shape", "the hazard log has the keys `doors` and `hazards`",
            "write `hazards: {H-01: {hazard: ..., severity: ...}}`",
        )  # fmt: skip
        # Not chained: whatever Python calls it, the shape of the document is what is wrong.
        raise PathwayError(*reader.problems) from None
    reader.done()
    return HazardLog(doors=doors, hazards=hazards)


def _only_keys(reader: Reader, data: Any) -> None:
    for key in data.keys() - {"doors", "hazards"}:
        reader.problem(
            key, "unknown-key", f"the hazard log has the unknown key `{key}`",
            "keys are doors, hazards",
        )  # fmt: skip


def _doors(reader: Reader, data: Any) -> dict[str, Door]:
    doors = {}
    for name, entry in data.items():
        reader.keys(name, entry, _DOOR_KEYS)
        door = reader.build(name, Door, id=name, **_known(entry, _DOOR_KEYS))
        if door is not None:
            doors[name] = door
    return doors


def _hazards(reader: Reader, text: str, data: Any, doors: Mapping[str, Door]) -> Iterator[Hazard]:
    for entry in entries(reader.file, text, "hazards", data):
        name = entry.name
        if name not in HAZARD_IDS:
            reader.problem(
                name, "unknown-hazard", f"there is no hazard `{name}`",
                f"hazards are {HAZARD_IDS[0]} to {HAZARD_IDS[-1]}",
            )  # fmt: skip
            continue
        reader.keys(name, entry.data, _HAZARD_KEYS)
        for door in entry.data.get("doors") or ():
            if door not in doors:
                reader.problem(
                    name, "unknown-door", f"`{name}` belongs to the unknown door `{door}`",
                    f"doors are {', '.join(doors)}",
                )  # fmt: skip
        place = Place(file=reader.file, line=entry.first)
        hazard = reader.build(
            name, Hazard, id=name, place=place, **_known(entry.data, _HAZARD_KEYS)
        )
        if hazard is not None:
            yield hazard
    for name in HAZARD_IDS:
        if name not in data["hazards"]:
            reader.problem(
                "hazards", "missing-hazard", f"the hazard `{name}` is not in the log",
                "every hazard stands in the log, an open one too",
            )  # fmt: skip


def _known(entry: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key in keys}


def matching(pattern: str, ids: Iterable[str]) -> tuple[str, ...]:
    """Return those of *ids* that *pattern* names: an id, or a pattern such as `opioid-*`."""
    return tuple(name for name in ids if fnmatchcase(name, pattern))


def trace_problems(
    log: HazardLog,
    rules: Collection[str],
    invariants: Collection[str],
    marks: Collection[Mark] | None,
) -> tuple[Problem, ...]:
    """Return everything in *log* that leads nowhere; nothing when every claim is borne out.

    *rules* and *invariants* are the ids that exist. *marks* is None where the tests are not at hand; then nothing
    that rests on them is looked at.

    A hazard is controlled only when a test shows it and every door it belongs to is built: a control without a
    test is a hope, and a door that will be built tomorrow may leave the control out. Nor is it controlled while a
    test of it is expected to fail. It is partly controlled only where at least one of its doors is built.
    """
    found: list[Problem] = []
    tested = {mark.hazard for mark in marks or () if mark.shows is Shows.CONTROL}
    faults = {mark.hazard: mark for mark in marks or () if mark.shows is Shows.FAULT}
    for hazard in log.hazards:
        found += _dangling(hazard, rules, invariants)
        found += _early(hazard, log.doors)
        if hazard.status is Status.CONTROLLED:
            if marks is not None and hazard.id not in tested:
                found.append(_untested(hazard))
            if hazard.id in faults:
                found.append(_faulty(hazard, faults[hazard.id]))
        elif NO_TEST in hazard.remaining and hazard.id in tested:
            found.append(_stale(hazard))
    known = {hazard.id for hazard in log.hazards}
    found += [_unknown(mark) for mark in marks or () if mark.hazard not in known]
    return tuple(found)


def _problem(hazard: Hazard, code: str, message: str, help: str) -> Problem:
    return Problem(code=code, message=message, help=help, where=str(hazard.place))


def _dangling(
    hazard: Hazard, rules: Collection[str], invariants: Collection[str]
) -> Iterator[Problem]:
    for pattern in hazard.rules:
        if not matching(pattern, rules):
            yield _problem(
                hazard, "unknown-rule", f"`{hazard.id}` names the rule `{pattern}`, which is not in the pathway",
                did_you_mean(pattern, rules, "rules are named in full, or by a pattern such as `opioid-*`"),
            )  # fmt: skip
    for name in hazard.invariants:
        if name not in invariants:
            yield _problem(
                hazard, "unknown-invariant", f"`{hazard.id}` names the invariant `{name}`, which nobody states",
                did_you_mean(name, invariants, "invariants are listed in rules/invariants"),
            )  # fmt: skip


def _early(hazard: Hazard, doors: Mapping[str, Door]) -> Iterator[Problem]:
    waiting = [f"`{name}`" for name in hazard.doors if not doors[name].built]
    if hazard.status is Status.CONTROLLED and waiting:
        yield _problem(
            hazard, "door-not-built", f"`{hazard.id}` is controlled, but not built is its door {', '.join(waiting)}",
            "set the status to partly or open and say what that door needs",
        )  # fmt: skip
    elif hazard.status is Status.PARTLY and len(waiting) == len(hazard.doors):
        yield _problem(
            hazard, "door-not-built", f"`{hazard.id}` is partly controlled, but none of its doors is built",
            "set the status to open, or name the door at which something stands against it",
        )  # fmt: skip


def _untested(hazard: Hazard) -> Problem:
    grave = f" and its severity is {hazard.severity}" if hazard.severity >= GRAVE else ""
    return _problem(
        hazard, "untested-control", f"`{hazard.id}` is controlled, but no test carries its mark{grave}",
        f'mark the test that shows it with `@pytest.mark.hazard("{hazard.id}")`, or set the status to partly',
    )  # fmt: skip


def _faulty(hazard: Hazard, mark: Mark) -> Problem:
    return _problem(
        hazard, "known-fault", f"`{hazard.id}` is controlled, but a test of it is expected to fail",
        f"mend the fault shown at {mark.place}, or set the status to partly",
    )  # fmt: skip


def _stale(hazard: Hazard) -> Problem:
    return _problem(
        hazard, "test-exists", f"`{hazard.id}` is said to have {NO_TEST}, but it has one",
        "say what else remains, or set the status to controlled",
    )  # fmt: skip


def _unknown(mark: Mark) -> Problem:
    return Problem(
        code="unknown-hazard", message=f"a test is marked with the unknown hazard `{mark.hazard}`",
        help=f"a mark names one of {HAZARD_IDS[0]} to {HAZARD_IDS[-1]}, as plain text",
        where=str(mark.place),
    )  # fmt: skip
