"""A service under load, under rubbish, under half-sent requests, and for long: what must hold, and the figures.

Limits of time are those of a machine that has nothing else to do: they are stretched by how much longer than its
processor time a decision takes meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.contract.doors import CANARY
from tests.contract.running.load import Answers, Crowd, at
from tests.contract.running.malformed import malformed, throw
from tests.contract.running.serving import Served, memory_kb, served, with_receipts

TICK = os.sysconf("SC_CLK_TCK")


def processor_seconds(service: Served) -> float:
    """Return the processor time the service has used."""
    fields = Path(f"/proc/{service.process.pid}/stat").read_text(encoding="ascii")
    after = fields.rpartition(")")[2].split()
    return (int(after[11]) + int(after[12])) / TICK


def stretch(service: Served) -> tuple[float, float]:
    """Return how many decisions a second come out, and how much longer than its processor time one takes."""
    begun = processor_seconds(service)
    pace = asyncio.run(Crowd(service.address).pace(3))
    used = (processor_seconds(service) - begun) / max(1.0, 3 * pace)
    return pace, max(1.0, 1 / (pace * used))


def told(name: str, **figures: Any) -> None:
    """Say what was measured, for the README."""
    line = ", ".join(
        f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in figures.items()
    )
    print(f"\n{name}: {line}", file=sys.stderr)


def overload(folder: Path, rounds: int, seconds: int) -> None:
    """Ask ten times what can be answered, *rounds* times for *seconds*: every red sign is answered, and in time."""
    with served(folder) as service:
        for _ in range(rounds):
            pace, slower = stretch(service)
            used, begun = processor_seconds(service), time.monotonic()
            command = [sys.executable, "-m", "tests.contract.running.load"]
            out = subprocess.run(
                [*command, service.address, str(seconds), str(10 * pace), "0.05"],
                stdout=subprocess.PIPE, check=True, text=True,
            ).stdout  # fmt: skip
            after = time.monotonic()
            # It was never idle meanwhile: what it did not use of one processor, others had.
            slower = max(slower, (after - begun) / (processor_seconds(service) - used))
            while asyncio.run(Crowd(service.address).pace(0.5)) < pace / 3:
                assert time.monotonic() - after < 5 * slower
            recovered = time.monotonic() - after
            found = json.loads(out)
            red, calm, lag = found["red"], found["calm"], found["lag"]
            refused = calm["answers"]["503"]
            whole = calm["answers"].get("200", {"count": 0, "p99": 0.0})
            told(
                "overload", pace=pace, slower=slower, lag=lag, asked=red["asked"] + calm["asked"],
                red=red["asked"], red_p99=red["answers"]["red"]["p99"], refused=refused["count"],
                refused_p50=refused["p50"], refused_p99=refused["p99"], whole=whole["count"],
                whole_p99=whole["p99"], recovered=recovered,
            )  # fmt: skip

            assert red["lost"] == calm["lost"] == 0
            assert red["answers"].keys() == {"red"}
            assert calm["answers"].keys() <= {"200", "503"}
            assert red["answers"]["red"]["count"] == red["asked"] > 0
            assert red["answers"]["red"]["p99"] <= 0.5 * slower + lag
            assert refused["p99"] <= 0.1 * slower + lag
            assert whole["p99"] <= 1.0 * slower + lag


def throw_malformed(folder: Path, count: int) -> None:
    """Send *count* malformed bodies: nothing breaks, nothing comes back or is kept, nothing grows."""
    settings = {**with_receipts(folder), "STEPPEDCARE_LOG_LEVEL": "INFO"}
    with served(folder, settings=settings) as service:
        asyncio.run(throw(service.address, malformed(300, "warm")))
        _, slower = stretch(service)
        before = service.memory_kb()
        thrown = asyncio.run(throw(service.address, malformed(count, "soak")))
        grown = (service.memory_kb() - before) / 1024
        numbers = httpx2.get(f"{service.address}/metrics").text
        assert service.stop() == 0
    # The log, the receipts, and whatever else it left.
    kept = {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    told(
        "malformed", bodies=sum(thrown.statuses.values()), statuses=dict(thrown.statuses),
        p99=at(thrown.seconds, 0.99), slower=slower, grown_mb=grown,
        log_kb=len(kept["service.log"]) / 1024, files=sorted(kept),
    )  # fmt: skip

    assert all(status < 500 for status in thrown.statuses)
    assert thrown.told == 0
    assert "steppedcare_requests_total" in numbers
    assert CANARY not in numbers
    assert "log.sqlite3" in kept
    assert [name for name, content in kept.items() if CANARY.encode() in content] == []
    assert len(kept["service.log"]) < 10 * 1024 * 1024
    assert grown <= 50
    assert at(thrown.seconds, 0.99) <= 0.05 * slower


def hold_half_sent(folder: Path, count: int, seconds: int) -> None:
    """Send *count* half requests: all are closed in time, and others are answered for *seconds* meanwhile."""
    with served(folder) as service:
        _, slower = stretch(service)

        async def one() -> float:
            reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
            begun = time.monotonic()
            writer.write(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nx: ")
            await reader.read()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            return time.monotonic() - begun

        async def all_of_them() -> tuple[list[float], Answers]:
            held = [asyncio.ensure_future(one()) for _ in range(count)]
            crowd, answers, end = Crowd(service.address), Answers(), time.monotonic() + seconds
            while time.monotonic() < end:
                await crowd.ask(crowd.calm[0], answers)
                await asyncio.sleep(0.05)
            await crowd.close()
            return await asyncio.gather(*held), answers

        closed, answers = asyncio.run(all_of_them())
    others = answers.seconds["200"]
    told(
        "half-sent",
        held=count,
        last_closed=max(closed),
        others=len(others),
        p99=at(others, 0.99),
        slower=slower,
    )

    assert answers.lost == 0
    assert len(others) == answers.asked
    assert max(closed) <= 15
    assert at(others, 0.99) <= 0.25 * slower


def decide_many(folder: Path, wanted: int, step: int) -> None:
    """Make *wanted* decisions in two workers and look at both after each *step*: nothing grows.

    Every built-in patient in turn, eight clients. What was seen is told after every tenth.
    """

    async def ask(crowd: Crowd, count: int) -> Answers:
        answers, left = Answers(), iter(range(count))

        async def one(client: int) -> None:
            await asyncio.sleep(0.03 * client)  # at once, they would all be taken by one worker
            for at_ in left:
                await crowd.ask(crowd.everybody[at_ % len(crowd.everybody)], answers)

        await asyncio.gather(*map(one, range(8)))
        await crowd.close()
        return answers

    looks: list[Look] = []
    settled = min(50_000, wanted // 2)
    # Nobody is to be refused here, whatever else the machine does in these hours.
    with served(folder, "--workers", "2", settings={"STEPPEDCARE_WAIT_SECONDS": "20"}) as service:
        workers = service.workers()
        assert len(workers) == 2
        for done in range(step, wanted + 1, step):
            answers = asyncio.run(ask(Crowd(service.address), step))
            assert answers.seconds.keys() == {"200", "red"}
            assert answers.lost == 0
            assert service.workers() == workers
            p50, p99 = (
                at([*answers.seconds["200"], *answers.seconds["red"]], x) for x in (0.5, 0.99)
            )
            looks.append(
                Look(
                    done,
                    sum(memory_kb(each) for each in workers) / 1024,
                    sum(len(list(Path(f"/proc/{each}/fd").iterdir())) for each in workers),
                    sum(len(list(Path(f"/proc/{each}/task").iterdir())) for each in workers),
                    p50,
                    p99,
                )
            )
            if done * 10 // wanted > (done - step) * 10 // wanted:
                told(
                    "decisions",
                    **asdict(looks[-1]),
                    slope_mb_per_100_000=slope(looks, settled),
                )

    after = [look for look in looks if look.made >= settled]
    first, last = looks[: len(looks) // 2], looks[len(looks) // 2 :]
    # Over few decisions the slope is noise; what it may add up to is not.
    assert slope(looks, settled) <= 1.0 or after[-1].mb - after[0].mb < 4
    assert max(x.descriptors for x in last) <= max(x.descriptors for x in first) + 8
    assert max(x.threads for x in last) <= max(x.threads for x in first) + 4


@dataclass(frozen=True)
class Look:
    """What two workers held when *made* decisions had been made; times of the last step, in seconds."""

    made: int
    mb: float
    descriptors: int
    threads: int
    p50: float
    p99: float


def slope(looks: list[Look], settled: int) -> float:
    """Return by how many MB memory grew for 100,000 decisions, after the first *settled*."""
    after = [look for look in looks if look.made >= settled] or looks
    middle = sum(look.made for look in after) / len(after)
    spread = sum((look.made - middle) ** 2 for look in after) or 1
    return 100_000 * sum((look.made - middle) * look.mb for look in after) / spread
