"""The service as a process: it stops in order, its workers are replaced, and what it writes names nobody."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.library import get_vignettes
from tests.contract.doors import CANARY, DECISIONS, JSON, as_bytes, hostile
from tests.contract.running.serving import Served, served, with_receipts

pytestmark = pytest.mark.slow  # each starts a process

RED: dict[str, Any] = next(each.input for each in get_vignettes("fbss") if each.id == "V14")


class Askers:
    """Threads that ask for a patient with a red sign until told to stop, again where a connection broke."""

    def __init__(self, service: Served, count: int = 4) -> None:
        self.service, self.stop = service, threading.Event()
        self.seconds: list[float] = []
        self.statuses: list[int] = []
        self.unanswered = 0
        self.threads = [threading.Thread(target=self._ask) for _ in range(count)]

    def __enter__(self) -> Askers:
        for each in self.threads:
            each.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop.set()
        for each in self.threads:
            each.join()

    def _ask(self) -> None:
        while not self.stop.is_set():
            begun = time.monotonic()
            for _ in range(200):
                try:
                    answer = httpx2.post(f"{self.service.address}{DECISIONS}", json=RED, timeout=20)
                except httpx2.HTTPError:
                    if self.stop.is_set():
                        return
                    time.sleep(0.05)
                    continue
                assert answer.json()["red_signs"]
                self.statuses.append(answer.status_code)
                self.seconds.append(time.monotonic() - begun)
                break
            else:
                self.unanswered += 1


def test_told_to_stop_it_finishes_what_it_has_begun_and_ends_with_0(tmp_path: Path) -> None:
    settings = {**with_receipts(tmp_path), "STEPPEDCARE_RECORD": "full"}
    told: list[tuple[int, str]] = []

    with served(tmp_path, settings=settings) as service:

        def ask() -> None:
            try:
                answer = httpx2.post(f"{service.address}{DECISIONS}", json=RED, timeout=30)
            except httpx2.HTTPError:
                return  # came when nobody was let in any more
            told.append((answer.status_code, answer.headers["steppedcare-recorded"]))

        askers = [threading.Thread(target=ask) for _ in range(8)]
        for each in askers:
            each.start()
        while not told:
            time.sleep(0.001)
        begun = time.monotonic()
        code = service.stop()
        seconds = time.monotonic() - begun
        for each in askers:
            each.join()
        log = service.told()

    assert code == 0
    assert seconds < 20
    assert told == [(200, "full")] * len(told)
    # Nothing was decided and recorded that its client did not hear of.
    with closing(sqlite3.connect(settings["STEPPEDCARE_DATABASE"])) as log_file:
        (kept,) = log_file.execute(
            "SELECT count(*) FROM entries WHERE kind = 'decision'"
        ).fetchone()
    assert kept == len(told) > 0
    assert '"event": "stopped"' in log
    assert "Traceback" not in log


def test_what_does_not_end_in_time_is_refused_and_keeps_the_service_from_nothing(
    tmp_path: Path,
) -> None:
    program = (
        "import time\n"
        "import api.records.keeper as keeper\n"
        "whole = keeper.decided\n"
        "def slow(asked, today):\n"
        "    if b'smoker' in asked.body:\n"
        "        time.sleep(60)\n"
        "    return whole(asked, today)\n"
        "keeper.decided = slow\n"
    )
    told: list[int] = []
    with served(tmp_path, program=program, settings={"STEPPEDCARE_STOP_SECONDS": "2"}) as service:

        def ask() -> None:
            body = {"facts": {"smoker": True}}
            told.append(
                httpx2.post(f"{service.address}{DECISIONS}", json=body, timeout=50).status_code
            )

        asker = threading.Thread(target=ask)
        asker.start()
        time.sleep(1)
        begun = time.monotonic()
        code = service.stop(40)
        seconds = time.monotonic() - begun
        asker.join()

    assert code == 0
    assert told == [503]
    assert seconds < 25


@pytest.mark.hazard("H-31")
def test_a_worker_that_is_killed_is_replaced_and_no_red_sign_goes_unanswered(
    tmp_path: Path,
) -> None:
    with served(tmp_path, "--workers", "2") as service, Askers(service) as askers:
        end = time.monotonic() + 30
        while len(service.workers()) < 2 and time.monotonic() < end:
            time.sleep(0.1)
        before = service.workers()
        time.sleep(2)
        os.kill(before[0], signal.SIGKILL)
        killed, answered = time.monotonic(), len(askers.statuses)
        while len(askers.statuses) == answered and time.monotonic() < killed + 30:
            time.sleep(0.01)
        recovered = time.monotonic() - killed
        while len(set(service.workers()) - {before[0]}) < 2 and time.monotonic() < killed + 60:
            time.sleep(0.1)
        time.sleep(2)
        after = service.workers()
        numbers = httpx2.get(f"{service.address}/metrics", timeout=10).text
        askers.stop.set()
        for each in askers.threads:
            each.join()
        assert service.stop() == 0

    assert askers.unanswered == 0
    assert set(askers.statuses) == {200}
    assert recovered <= 5
    assert before[1] in after
    assert before[0] not in after
    assert len(after) == 2
    # Counted by every worker, the killed one included.
    line = next(
        x
        for x in numbers.splitlines()
        if x.startswith("steppedcare_requests_total{") and "decisions" in x
    )
    assert float(line.rpartition(" ")[2]) >= len(askers.statuses) - 8


@pytest.mark.hazard("H-61")
@pytest.mark.hazard("H-66")
def test_a_name_in_every_field_key_header_and_address_stands_in_no_log_number_answer_or_file(
    tmp_path: Path,
) -> None:
    found: list[str] = []
    with (
        served(tmp_path, settings=with_receipts(tmp_path)) as service,
        httpx2.Client(base_url=service.address) as client,
    ):
        bodies = [as_bytes(value) for value in hostile(RED)]
        for body in bodies[:: max(1, len(bodies) // 150)]:
            answer = client.post(DECISIONS, content=body, headers=JSON)
            if answer.status_code != 200:  # a decision shows the facts it was given
                found += [answer.text] * (CANARY in answer.text)
        for path in (
            f"/{CANARY}",
            f"/v1/pathways/{CANARY}",
            f"/?{CANARY}=1",
            f"/cds-services/{CANARY}",
            f"/fhir/{CANARY}",
        ):
            found += [path] * (CANARY in client.get(path, headers={"X-Patient": CANARY}).text)
            client.post(path, json={CANARY: CANARY}, headers={"Authorization": f"Bearer {CANARY}"})
        client.request(
            "POST",
            DECISIONS,
            json=RED,
            headers={"Steppedcare-Patient": CANARY, "Idempotency-Key": CANARY},
        )
        client.request(CANARY.upper(), "/")
        numbers = client.get("/metrics").text
        assert service.stop() == 0
        log = service.told()

    assert found == []
    assert "steppedcare_requests_total" in numbers
    assert CANARY.lower() not in numbers.lower()
    assert '"event": "answered"' in log
    assert CANARY.lower() not in log.lower()
    for file in tmp_path.iterdir():
        assert CANARY.encode() not in file.read_bytes().lower(), file.name
    for line in log.splitlines():
        if line.startswith("{"):
            assert json.loads(line)


@pytest.mark.hazard("H-36")
def test_a_document_that_is_not_the_one_that_was_tested_makes_the_service_not_ready(
    tmp_path: Path,
) -> None:
    program = (
        "import api.library as library; from importlib import resources\n"
        "whole = library.read_files\n"
        "def read(folder, prefix=''):\n"
        "    files = whole(folder, prefix)\n"
        "    return {n: t.replace('200', '201') if n.endswith('settings.md') else t for n, t in files.items()}\n"
        "library.read_files = read\n"
    )
    # Only the process of one worker has been changed, so it is asked by itself.
    with (
        pytest.raises(AssertionError, match="not ready in time"),
        served(tmp_path, program=program, wait=25),
    ):
        pass
    assert '"event": "self-test failed"' in (tmp_path / "service.log").read_text()
    assert "documents" in (tmp_path / "service.log").read_text()
