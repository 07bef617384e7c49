"""The warm-up: the first page is there before anybody asks for it, and nothing rests on that."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from api.page import warm
from api.page.render import environment
from api.page.warm import warm_up, warmed


def test_after_the_warm_up_every_template_of_the_first_page_is_ready() -> None:
    environment.cache_clear()
    warm_up()
    cache = environment().cache
    assert cache is not None
    assert {"page.html", "_answer.html", "_facts.html", "_map.html"} <= {name for _, name in cache}


def test_a_fault_of_the_warm_up_stops_nothing_and_tells_no_value(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a value")

    monkeypatch.setattr(warm, "lay_out", broken)
    warm_up()
    assert "ValueError" in caplog.text
    assert "a value" not in caplog.text


def test_the_service_begins_first_and_is_not_kept_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    done = threading.Event()

    @asynccontextmanager
    async def life(_: object) -> AsyncIterator[str]:
        order.append("begun")
        yield "state"
        order.append("ended")

    def slow() -> None:
        order.append("warming")
        done.wait(5)

    monkeypatch.setattr(warm, "warm_up", slow)

    async def run() -> None:
        async with warmed(life)(None) as state:
            assert state == "state"
            order.append("answering")
        done.set()

    asyncio.run(run())
    assert order.index("begun") < order.index("answering") < order.index("ended")
    assert order.index("begun") < order.index("warming")
