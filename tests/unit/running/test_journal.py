"""The log: fields of ours, plain words, and nothing else."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest

from api.running.journal import FIELDS, OwnLines, Sampled, only_ours, open_journal
from tests.contract.doors import CANARY

pytestmark = [pytest.mark.hazard("H-61"), pytest.mark.hazard("H-64")]


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_field_that_is_not_in_the_list_is_left_out_and_counted() -> None:
    stream = io.StringIO()

    open_journal(stream=stream).warning("refused", why="busy", patient=CANARY, body=b"x", count=3)

    (line,) = lines(stream)
    assert line.keys() == {"at", "level", "event", "why", "count", "left_out"}
    assert line["left_out"] == 2
    assert CANARY not in stream.getvalue()


@pytest.mark.parametrize("name", sorted(FIELDS))
@pytest.mark.parametrize(
    "value",
    [f"{CANARY}\nforged", f"{CANARY}\x1b[2J", f'"{CANARY}"', f"<{CANARY}>", f"{CANARY}é", f"{CANARY}={'x'}",
     {CANARY: 1}, [f"<{CANARY}>"], CANARY * 40, object()],
    ids=["a line", "an escape", "quotes", "mark-up", "not ASCII", "a sign", "an object", "a list", "long", "a thing"],
)  # fmt: skip
def test_a_field_of_the_list_takes_plain_names_and_numbers_only(name: str, value: Any) -> None:
    told = only_ours(None, "info", {name: value})

    assert told == {"left_out": 1}


def test_a_line_is_one_json_object_whatever_is_in_it() -> None:
    stream = io.StringIO()
    journal = open_journal(stream=stream)

    journal.info("one", route="/v1/pathways/{id}/decisions", status=200, milliseconds=1.5)
    journal.info("two", rules=["r1-cauda-equina"])

    assert [line["event"] for line in lines(stream)] == ["one", "two"]


def test_of_many_lines_of_a_kind_one_a_second_is_written_with_how_many_there_were() -> None:
    stream, now = io.StringIO(), [0.0]
    sampled = Sampled(open_journal(stream=stream), clock=lambda: now[0])

    for at in range(1000):
        now[0] = at / 100
        sampled.warn("refused", "busy")

    told = lines(stream)
    assert len(told) == 10
    assert sum(line["count"] for line in told) == 901


def test_a_library_is_heard_by_its_name_and_place_and_never_by_its_words() -> None:
    stream = io.StringIO()
    logger = logging.Logger("uvicorn.error")
    logger.addHandler(OwnLines(open_journal(stream=stream)))

    logger.error("Exception for %s", CANARY, exc_info=ValueError(CANARY))

    (line,) = lines(stream)
    assert (line["event"], line["name"], line["level"]) == ("library", "uvicorn.error", "error")
    assert CANARY not in stream.getvalue()
