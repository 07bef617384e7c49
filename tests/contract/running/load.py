"""A crowd at the door, in a process of its own: `python -m tests.contract.running.load ADDRESS SECONDS RATE SHARE`.

Requests start when their time has come, whether or not earlier ones were answered; a share of them is of patients with
an open red sign. Prints one JSON object: how each kind was answered and how fast.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from api.library import get_vignettes

PATH = "/v1/pathways/fbss/decisions"
RED, CALM = ("V03", "V05", "V14", "V16"), ("V02", "V07", "V09", "V12", "V18")
IDLE = 64
"""Connections kept open between requests."""


@dataclass
class Answers:
    """What became of the requests of one kind."""

    asked: int = 0
    lost: int = 0
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By status; `red`: an answer that shows a red sign."""

    def told(self) -> dict[str, Any]:
        return {
            "asked": self.asked, "lost": self.lost,
            "answers": {
                status: {"count": len(times), "p50": at(times, 0.5), "p99": at(times, 0.99), "most": max(times)}
                for status, times in sorted(self.seconds.items())
            },
        }  # fmt: skip


def at(times: list[float], share: float) -> float:
    """Return the quantile *share* of *times*."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Crowd:
    """Asks one service."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.host, self.port = parts.hostname or "", parts.port or 80
        bodies = {v.id: json.dumps(v.input).encode() for v in get_vignettes("fbss")}
        self.red = [self._request(bodies[name]) for name in RED]
        self.calm = [self._request(bodies[name]) for name in CALM]
        self.everybody = [self._request(body) for body in bodies.values()]
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    def _request(self, body: bytes) -> bytes:
        head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    async def ask(self, request: bytes, answers: Answers) -> None:
        """Ask once, on a connection that is idle or a new one; where it was closed meanwhile again, on a new one."""
        answers.asked += 1
        begun = time.perf_counter()
        for attempt in range(5):
            try:
                status, body = await asyncio.wait_for(self._once(request, attempt > 0), 20)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                continue
            told = "red" if status == 200 and b'"red_signs":[{' in body else str(status)
            answers.seconds[told].append(time.perf_counter() - begun)
            return
        answers.lost += 1

    async def _once(self, request: bytes, anew: bool = False) -> tuple[int, bytes]:
        reader, writer = (
            self.idle.pop()
            if self.idle and not anew
            else await asyncio.open_connection(self.host, self.port)
        )
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").lower().split("\r\n")
            length = next((int(x[16:]) for x in lines if x.startswith("content-length: ")), 0)
            status = int(head[9:12])
            if status == 503 and not any(line.startswith("retry-after: ") for line in lines):
                status = 599
            body = await reader.readexactly(length)
        except BaseException:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            raise
        if "connection: close" in lines or len(self.idle) >= IDLE:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        else:
            self.idle.append((reader, writer))
        return status, body

    async def close(self) -> None:
        """Let go of every connection."""
        for _, writer in self.idle:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        self.idle.clear()

    async def press(self, seconds: float, rate: float, share: float) -> dict[str, Any]:
        """Ask *rate* times a second for *seconds*; *share* of it for patients with an open red sign.

        `lag`: how late this process itself was woken from a pause, 99 of 100 times at most. No answer is measured
        more exactly than that.
        """
        rng, red, calm = random.Random(1), Answers(), Answers()
        lags = [0.0]
        begun, tasks, asked = time.perf_counter(), set[asyncio.Task[None]](), 0
        while (now := time.perf_counter() - begun) < seconds:
            while asked < now * rate:
                asked += 1
                is_red = rng.random() < share
                request = rng.choice(self.red if is_red else self.calm)
                task = asyncio.ensure_future(self.ask(request, red if is_red else calm))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.sleep(0.002)
            lags.append(max(0.0, time.perf_counter() - begun - now - 0.002))
        await asyncio.gather(*tasks)
        await self.close()
        return {"red": red.told(), "calm": calm.told(), "lag": at(lags, 0.99)}

    async def pace(self, seconds: float) -> float:
        """Return how many calm patients a second are answered when two ask one after the other."""
        answers = Answers()
        end = time.perf_counter() + seconds

        async def one() -> None:
            while time.perf_counter() < end:
                await self.ask(random.choice(self.calm), answers)

        await asyncio.gather(one(), one())
        await self.close()
        return len(answers.seconds["200"]) / seconds


def main() -> int:
    address, seconds, rate, share = sys.argv[1], *map(float, sys.argv[2:5])
    crowd = Crowd(address)

    async def run() -> dict[str, Any]:
        pace = await crowd.pace(2) if rate <= 0 else 0.0
        found = await crowd.press(seconds, rate if rate > 0 else -rate * pace, share)
        return {"pace": pace, **found}

    print(json.dumps(asyncio.run(run())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
