"""How long the page takes on the server, and how much a browser loads.

Every built-in patient is opened as a whole page, and asked again after one changed fact, as the page's script asks.
The test client's own work, a few milliseconds, is counted in.
"""

from __future__ import annotations

import gzip
import logging
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlencode

from starlette.testclient import TestClient

from api.app import create_app
from api.library import get_vignettes
from api.page.form import fields_of
from api.page.render import static_files
from api.settings import ServiceSettings
from tests.benchmarks.figures import Figure, Part, Ratio

ROUNDS = 5
FIRST_ANSWER_MS, UPDATE_MS, WEIGHT_KB, SCRIPT_KB = 200, 100, 200, 60
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
VIEWS = ("answer", "why", "questions", "evidence")


def measure() -> Part:
    """Measure first answers and updates, and weigh what a browser loads."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    part = Part("The page (processor time, limit for the middle; weight)")
    cases = [(case.id, case.input) for case in get_vignettes("fbss")]
    with TestClient(
        create_app(ServiceSettings()), base_url="http://127.0.0.1", headers={"Accept-Encoding": ""}
    ) as client:

        def opened(case: str) -> Callable[[], object]:
            return lambda: client.get(f"/cases/{case}")

        def changed(data: dict[str, object], view: str) -> Callable[[], object]:
            body = urlencode({**fields_of(data), "f.smoker": "yes", "view": view})
            return lambda: client.post("/answer", content=body, headers=FORM)

        whole = _seconds(opened(id) for id, _ in cases)
        part.figures = [
            Figure("page of a patient, whole", whole, limit=FIRST_ANSWER_MS),
            Figure(
                "page of nobody yet", _seconds([lambda: client.get("/")] * 5), limit=FIRST_ANSWER_MS
            ),
        ]
        for view in VIEWS:
            seconds = _seconds(changed(data, view) for _, data in cases)
            part.figures.append(Figure(f"one changed fact, tab {view}", seconds, limit=UPDATE_MS))
        pages = [client.get(f"/cases/{id}").content for id, _ in cases]
    files = static_files()
    fixed = sum(map(len, files.values()))
    scripts = sum(len(gzip.compress(data)) for name, data in files.items() if name.endswith(".js"))
    sent = max(len(gzip.compress(each, 4)) for each in pages) + fixed
    part.ratios = [
        Ratio("heaviest page with all it loads, kB sent", sent / 1e3, f"at most {WEIGHT_KB}"),
        Ratio("the same before compression, kB", (max(map(len, pages)) + fixed) / 1e3),
        Ratio("own scripts compressed, kB", scripts / 1e3, f"at most {SCRIPT_KB}"),
    ]
    return part


def _seconds(works: Iterable[Callable[[], object]]) -> list[float]:
    """Return the processor's seconds of each piece of work, each done some times after a first."""
    works = list(works)
    for work in works:
        work()
    times = []
    for _ in range(ROUNDS):
        for work in works:
            begun = time.process_time()
            work()
            times.append(time.process_time() - begun)
    return times
