"""How long the page takes on the server, and how much a browser loads: `python -m tests.benchmarks.page`.

Every built-in patient is opened as a whole page, and asked again after one changed fact, as the page's script asks.
Processor time counts what this process did itself; the clock also holds what else the machine was busy with. The test
client's own work, a few milliseconds, is counted in.
"""

from __future__ import annotations

import gzip
import logging
import os
import statistics
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlencode

from starlette.testclient import TestClient

from api.app import create_app
from api.library import get_vignettes, program_version
from api.page.form import fields_of
from api.page.render import static_files
from api.settings import ServiceSettings

ROUNDS = 5
FIRST_ANSWER_MS, UPDATE_MS, WEIGHT_BYTES, SCRIPT_BYTES = 200, 100, 200_000, 60_000
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def measure(works: Iterable[Callable[[], object]]) -> tuple[list[float], list[float]]:
    """Return milliseconds of the clock and of the processor, one figure for each piece of work and round."""
    clock, processor = [], []
    works = list(works)
    for work in works:
        work()
    for _ in range(ROUNDS):
        for work in works:
            begun, worked = time.perf_counter(), time.process_time()
            work()
            clock.append((time.perf_counter() - begun) * 1e3)
            processor.append((time.process_time() - worked) * 1e3)
    return clock, processor


def line(name: str, times: tuple[list[float], list[float]], limit: int) -> str:
    """Return median and 95th percentile of clock and processor time, and whether the *limit* (ms) holds."""
    middle = [statistics.median(each) for each in times]
    late = [statistics.quantiles(each, n=20)[-1] for each in times]
    held = "holds" if middle[0] <= limit else "MISSED"
    figures = (
        f"{word} {at:6.1f} ms (p95 {end:6.1f})"
        for word, at, end in zip(("clock", "processor"), middle, late, strict=True)
    )
    return f"  {name:<34} {'   '.join(figures)}   limit {limit} ms: {held}"


def main() -> None:
    """Measure and print one line for each figure."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with TestClient(
        create_app(ServiceSettings()), base_url="http://127.0.0.1", headers={"Accept-Encoding": ""}
    ) as client:
        cases = [case.id for case in get_vignettes("fbss")]

        def opened(case: str) -> Callable[[], object]:
            return lambda: client.get(f"/cases/{case}")

        def changed(case: str, view: str) -> Callable[[], object]:
            data = next(each.input for each in get_vignettes("fbss") if each.id == case)
            body = urlencode({**fields_of(data), "f.smoker": "yes", "view": view})
            return lambda: client.post("/answer", content=body, headers=FORM)

        print(line("page of a patient, whole", measure(map(opened, cases)), FIRST_ANSWER_MS))
        print(line("page of nobody yet", measure([lambda: client.get("/")] * 5), FIRST_ANSWER_MS))
        for view in ("answer", "why", "questions", "evidence"):
            works = [changed(case, view) for case in cases]
            print(line(f"one changed fact, tab {view}", measure(works), UPDATE_MS))
        pages = [client.get(f"/cases/{case}").content for case in cases]
    fixed = sum(map(len, static_files().values()))
    scripts = sum(len(gzip.compress(d)) for n, d in static_files().items() if n.endswith(".js"))
    sent = max(len(gzip.compress(each, 4)) for each in pages) + fixed
    print(f"  heaviest page with all it loads      {sent:>7} bytes sent, limit {WEIGHT_BYTES}")
    print(f"  the same page before compression     {max(map(len, pages)) + fixed:>7} bytes")
    print(f"  own scripts, compressed              {scripts:>7} bytes, limit {SCRIPT_BYTES}")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {program_version()}")


main()
