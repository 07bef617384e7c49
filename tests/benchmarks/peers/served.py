"""The same workload over HTTP, one process on one core: ours with both voices, beside other engines behind a server.

Every answer for every patient is compared before anything is timed.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.benchmarks.figures import Figure, Part, Ratio
from tests.benchmarks.peers import node
from tests.benchmarks.peers.clinical import serving as clinical
from tests.benchmarks.peers.workload import Workload, build
from tests.benchmarks.serving import serving
from tests.benchmarks.wrk import Load, is_here, load
from tests.cql.npm import installed

OURS = "steppedcare, both voices"
CLINICAL = ("cql-execution", "HealthChain", "OpenFisca")


def measure() -> Part:
    """Measure requests a second of each engine that is there."""
    part = Part("Peers over HTTP, one core each (clock)")
    if not is_here():
        part.notes.append("not measured: wrk is not installed (apt install wrk)")
        return part
    work, found = build(), dict[str, Load]()
    bodies = [json.dumps(patient).encode() for patient in work.patients]
    with serving("tests.benchmarks.peers.app:app") as (pid, port):
        for name, path in ((OURS, "/ours"), ("GoRules ZEN behind FastAPI", "/zen")):
            found[name] = _checked(work, pid, port, path, bodies)
    if node.is_here():
        with _in_node(work) as (pid, port):
            for name in ("json-rules-engine", "cql-execution"):
                found[f"{name} behind Node"] = _checked(work, pid, port, f"/{name}", bodies)
    else:
        part.notes.append("json-rules-engine, cql-execution: not measured, node is not installed")
    if clinical.is_here():
        for peer in clinical.PEERS:
            asked = [json.dumps(peer.ask(work, patient)).encode() for patient in work.patients]
            with clinical.served(peer, work) as (pid, port):
                found[peer.name] = _checked(
                    work, pid, port, peer.path, asked, partial(peer.letters, work)
                )
    else:
        part.notes.append("HealthChain, OpenFisca: not measured, `make bench` makes their room")
    for name, each in found.items():
        part.ratios.append(Ratio(f"{name}: requests a second", each.rate))
        part.figures += [
            Figure(f"{name}: p50", [each.p50]),
            Figure(f"{name}: p99", [each.p99]),
            Figure(f"{name}: processor time a request", [each.processor]),
        ]
    for name, each in found.items():
        if name != OURS:
            wanted = "over 1" if name.startswith(CLINICAL) else ""
            part.ratios.append(
                Ratio(f"ours / {name}, requests", found[OURS].rate / each.rate, wanted)
            )
    return part


def _checked(
    work: Workload,
    pid: int,
    port: int,
    path: str,
    bodies: list[bytes],
    letters: Callable[[Any], Any] = lambda answer: answer,
) -> Load:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for body, expected in zip(bodies, node.letters(work), strict=True):
        line.request("POST", path, body, {"Content-Type": "application/json"})
        answer = letters(json.loads(line.getresponse().read()))
        assert answer == expected, f"{path} answers otherwise"
    line.close()
    return load(pid, port, path, bodies)


@contextmanager
def _in_node(work: Workload) -> Iterator[tuple[int, int]]:
    """Serve the engines of Node on the first core; yield process and port."""
    service = subprocess.Popen(
        ["node", "serve.mjs"], cwd=installed(node.HERE), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert service.stdin is not None
    assert service.stdout is not None
    try:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(service.pid, {min(os.sched_getaffinity(0))})
        service.stdin.write(json.dumps(node.rules(work)))
        service.stdin.close()
        yield service.pid, int(service.stdout.readline())
    finally:
        service.terminate()
        service.wait(20)
        service.stdout.close()
