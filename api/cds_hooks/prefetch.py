"""What came of the data asked for, and in which state: not tried, nothing there, complete, cut short, or failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from api.cds_hooks.call import entries
from api.fhir.requirements import Requirement, requirements_of


class State(StrEnum):
    """What a client said with one key. An answer is `none`, `whole` or `cut`; the others are no answer."""

    ABSENT = "absent"
    """Not tried, or failed without a word. Never read as none."""
    NONE = "none"
    """Asked, and nothing there."""
    WHOLE = "whole"
    CUT = "cut"
    """There is more that did not come."""
    FAILED = "failed"
    """The client's server refused; asking again would be refused again."""


ANSWERS = frozenset({State.NONE, State.WHOLE, State.CUT})


@dataclass(frozen=True)
class Looked:
    """What was asked for and what came of it."""

    states: Mapping[str, State]
    """By key of the requirements of the hook."""
    resources: tuple[dict[str, Any], ...]
    """Everything that came, under whatever key."""
    next_links: Mapping[str, str]
    """The address of the rest, by key, where an answer was cut short."""

    def missing(self, hook: str) -> tuple[Requirement, ...]:
        """Return the requirements without which nothing is judged and that have no answer."""
        return tuple(
            each
            for each in requirements_of(hook)
            if each.required and self.states[each.key] not in ANSWERS
        )

    def notes(self, hook: str) -> tuple[str, ...]:
        """Say in words which data was not looked at, or not all of it."""
        found = []
        for state, words in (
            (State.ABSENT, "Not looked at, because it did not come"),
            (State.FAILED, "Not looked at, because the record did not give it"),
            (State.CUT, "Only the first part was looked at"),
        ):
            keys = [each.key for each in requirements_of(hook) if self.states[each.key] is state]
            if keys:
                found.append(f"{words}: {', '.join(keys)}. Nothing about it counts as absent.")
        return tuple(found)


@dataclass(frozen=True)
class _Came:
    """What came under one key."""

    value: Any
    held: tuple[dict[str, Any], ...]
    """The resources in it."""

    def of(self, type: str) -> bool:
        return any(each["resourceType"] == type for each in self.held)


def look(hook: str, prefetch: Mapping[str, Any]) -> Looked:
    """Return what *prefetch* holds: our own keys first, then whatever came under other names, by type."""
    came = {}
    for key, given in prefetch.items():
        value = _unwrapped(given)
        came[key] = _Came(value, entries(value))
    wanted = requirements_of(hook)
    own = {each.key for each in wanted}
    foreign = [found for key, found in came.items() if key not in own]
    states, links = {}, {}
    for each in wanted:
        mine = came.get(each.key)
        state = _state(mine, each) if mine is not None else State.ABSENT
        states[each.key] = _by_type(foreign, each) if state is State.ABSENT else state
        link = next_link(mine.value) if mine is not None else None
        if link is not None:
            links[each.key] = link
    order = [*(each.key for each in wanted if each.key in came), *(k for k in came if k not in own)]
    return Looked(
        states=states,
        resources=tuple(resource for key in order for resource in came[key].held),
        next_links=links,
    )


def _unwrapped(value: Any) -> Any:
    """Return the resource inside the wrapper of versions before 1.0, or *value* itself."""
    if isinstance(value, dict) and "resourceType" not in value and "resource" in value:
        return value["resource"]
    return value


def next_link(value: Any) -> str | None:
    """Return the address of the next page of a Bundle, if it names one."""
    links = value.get("link") if isinstance(value, dict) else None
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next":
            url = link.get("url")
            return url if isinstance(url, str) else ""
    return None


def _state(came: _Came, wanted: Requirement) -> State:
    value = came.value
    if value is None:
        return State.NONE
    if not isinstance(value, dict):
        return State.WHOLE if came.of(wanted.type) else State.FAILED
    type = value.get("resourceType")
    outcomes = [each for each in came.held if each["resourceType"] == "OperationOutcome"]
    if type == "OperationOutcome" or any(_is_error(each) for each in outcomes):
        return State.FAILED
    held = len(came.held) - len(outcomes)
    if next_link(value) is not None or _counts_more(value, held, wanted):
        return State.CUT
    if type == "Bundle" and not held:
        return State.NONE
    return State.WHOLE if came.of(wanted.type) else State.FAILED


def _counts_more(value: Mapping[str, Any], held: int, wanted: Requirement) -> bool:
    """Tell whether a Bundle counts more than it holds, or holds as many as were asked for at most.

    A server that cuts an answer need not say so; a list as long as the limit is most likely a list cut there.
    """
    if value.get("resourceType") != "Bundle":
        return False
    total = value.get("total")
    return (isinstance(total, int) and total > held) or (0 < wanted.count <= held)


def _is_error(outcome: Mapping[str, Any]) -> bool:
    issues = outcome.get("issue")
    return any(
        isinstance(issue, dict) and issue.get("severity") in ("error", "fatal")
        for issue in (issues if isinstance(issues, list) else ())
    )


def _by_type(foreign: list[_Came], wanted: Requirement) -> State:
    """Return the state of data that came under a name of the client's own; a type that never came is absent."""
    holding = [came for came in foreign if came.of(wanted.type)]
    if not holding:
        return State.ABSENT
    cut = any(next_link(came.value) is not None for came in holding)
    return State.CUT if cut else State.WHOLE
