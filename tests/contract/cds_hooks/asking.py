"""Asking for cards, and what must hold of every answer whatever was asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.testclient import TestClient

from tests.contract.cds_hooks.charts import service

SEVERITIES = {"fatal", "error", "warning", "information"}
ISSUE_CODES = {
    "invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired",
    "forbidden", "suppressed", "processing", "not-supported", "duplicate", "multiple-matches", "not-found",
    "deleted", "too-long", "code-invalid", "extension", "too-costly", "business-rule", "conflict", "transient",
    "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled", "informational",
}  # fmt: skip
"""The required value set of FHIR R4."""


def cards(client: TestClient, body: dict[str, Any], hook: str | None = None) -> list[Any]:
    """Ask, and return the cards."""
    answer = client.post(service(hook or body["hook"]), json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert found.keys() == {"cards"}
    lawful(found)
    return list(found["cards"])


def refused(answer: Any, status: int) -> dict[str, Any]:
    """Return the first issue of a refusal, after checking that it is an OperationOutcome and nothing else."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    assert body.keys() == {"resourceType", "issue"}
    for issue in body["issue"]:
        assert issue["severity"] in SEVERITIES
        assert issue["code"] in ISSUE_CODES
        assert issue["details"]["text"]
        assert "Traceback" not in str(issue)
    return dict(body["issue"][0])


def code_of(issue: dict[str, Any]) -> str:
    """Return our own code of an issue."""
    return str(issue["details"]["coding"][0]["code"])


def everything(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every member of *value*, at any depth, with its name."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name, item
            yield from everything(item)
    elif isinstance(value, list):
        for item in value:
            yield from everything(item)


def lawful(answer: dict[str, Any]) -> None:
    """Check what holds of every answer with cards: A2, A3, F2, F5 to F7, F11, INV-R11."""
    for name, value in everything(answer):
        assert value not in (None, "", {}, []) or (name == "cards" and value == []), name
    assert "systemActions" not in answer
    found = answer["cards"]
    assert [card["indicator"] for card in found].count("critical") <= 1
    for at, card in enumerate(found):
        assert 0 < len(card["summary"]) <= 139
        assert card["indicator"] in ("info", "warning", "critical")
        assert card["indicator"] != "critical" or at == 0
        assert card["source"]["label"]
        assert ("suggestions" in card) == ("selectionBehavior" in card)
        assert all("appContext" not in link for link in card["links"])
        for suggestion in card.get("suggestions", ()):
            assert suggestion["label"]
            assert not suggestion.get("isRecommended", False)
            for action in suggestion["actions"]:
                assert action["description"]
                assert ("resource" in action) == (action["type"] in ("create", "update"))
                assert ("resourceId" in action) == (action["type"] == "delete")


def said(found: list[Any]) -> str:
    """Return everything a clinician reads in *found*."""
    return "\n".join(f"{card['summary']}\n{card['detail']}" for card in found)


def actions_of(found: list[Any]) -> list[str]:
    """Return the id of the action behind each card."""
    return [card["extension"]["example.steppedcare.trace"]["action"] for card in found]
