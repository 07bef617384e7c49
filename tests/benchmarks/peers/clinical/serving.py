"""HealthChain and OpenFisca behind their own servers, in an environment of their own (`make bench` makes it)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.condition import And, Compare, Condition, Is, Known, Not, OneOf, Or
from tests.benchmarks.peers.engines import python_source
from tests.benchmarks.peers.workload import Workload, number
from tests.benchmarks.serving import wait
from tests.serving import free_port

HERE = Path(__file__).parent
PYTHON = Path(sys.prefix) / "peers" / "bin" / "python"
_KINDS = {bool: "bool", int: "int", float: "float", str: "str"}
_MONTH = "2026-01"


@dataclass(frozen=True)
class Peer:
    """One peer: how it is served, how it is asked, and where its answer lies."""

    name: str
    app: tuple[str, ...]
    path: str
    ask: Callable[[Workload, dict[str, Any]], Any]
    letters: Callable[[Workload, Any], str]


def is_here() -> bool:
    return PYTHON.exists()


def _call(_: Workload, patient: dict[str, Any]) -> Any:
    context = {"userId": "Practitioner/1", "patientId": "1"}
    call = {"hook": "patient-view", "hookInstance": "1", "context": context}
    return {**call, "prefetch": {"patient": patient}}


def _situation(work: Workload, patient: dict[str, Any]) -> Any:
    facts = {name: {_MONTH: value} for name, value in patient.items()}
    wanted = {f"n{at}": {_MONTH: None} for at in range(len(work.names))}
    return {"persons": {"p": {**facts, **wanted}}}


def _worked_out(work: Workload, answer: Any) -> str:
    person = answer["persons"]["p"]
    return "".join("t" if person[f"n{at}"][_MONTH] else "f" for at in range(len(work.names)))


PEERS = (
    Peer(
        "HealthChain's CDS Hooks",
        ("uvicorn", "healthchain_app:app", "--no-access-log", "--port"),
        "/cds/cds-services/peers",
        _call,
        lambda _, answer: answer["cards"][0]["detail"],
    ),
    Peer(
        "OpenFisca's web API",
        ("gunicorn", "openfisca_app:app", "--workers", "1", "--bind"),
        "/calculate",
        _situation,
        _worked_out,
    ),
)


@contextmanager
def served(peer: Peer, work: Workload) -> Iterator[tuple[int, int]]:
    """Serve *peer* by one process on the first core; yield that process and the port."""
    port = free_port()
    where = f"127.0.0.1:{port}" if peer.app[-1] == "--bind" else str(port)
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "rules.json"
        rules.write_text(json.dumps(_rules(work)), encoding="utf-8")
        service = subprocess.Popen(
            [PYTHON, "-m", *peer.app, where], cwd=HERE, env={**os.environ, "PEERS_RULES": str(rules)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(service.pid, {min(os.sched_getaffinity(0))})
            wait(port)
            yield _worker(service.pid), port
        finally:
            service.terminate()
            service.wait(20)


def _worker(process: int) -> int:
    """Return the process that answers: gunicorn's only child, or the process itself."""
    children = Path(f"/proc/{process}/task/{process}/children")
    found = children.read_text("ascii").split() if children.exists() else []
    return int(found[0]) if found else process


def _rules(work: Workload) -> dict[str, Any]:
    """Return the rules as Python for one patient, and as numpy for many."""
    names = {name: f"n{at}" for at, name in enumerate(work.names)}
    return {
        "python": python_source(work),
        "facts": {fact: _KINDS[type(value)] for fact, value in work.patients[0].items()},
        "columns": {
            names[node.name]: _numpy(node.condition, work, names) for node in work.network.nodes
        },
    }


def _numpy(condition: Condition, work: Workload, names: dict[str, str]) -> str:
    match condition:
        case And() | Or():
            sign = " & " if isinstance(condition, And) else " | "
            parts = [_numpy(item, work, names) for item in condition.items]
            return f"({sign.join(parts or ['yes' if isinstance(condition, And) else '~yes'])})"
        case Not():
            return f"~{_numpy(condition.item, work, names)}"
        case Is():
            return f"v({condition.fact!r})"
        case Known():
            return "yes"
        case Compare():
            sign = "==" if condition.operator == "=" else condition.operator
            return f"(v({condition.fact!r}) {sign} {number(condition, work.settings)})"
        case OneOf():
            return f"np.isin(v({condition.fact!r}), {list(condition.words)!r})"
        case _:
            return f"v({names[condition.name]!r})"  # type: ignore[union-attr]
