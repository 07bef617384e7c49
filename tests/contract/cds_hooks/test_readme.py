"""The README's section on connecting an EHR: what it shows is what happens."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

from starlette.testclient import TestClient

from api.cds_hooks.settings import CdsHooksSettings
from tests.contract.cds_hooks.asking import actions_of, cards
from tests.contract.cds_hooks.conftest import NOW

README = Path(__file__).parents[3] / "README.md"


def section() -> str:
    """Return the section, without the indent of its code."""
    text = (
        README.read_text(encoding="utf-8").partition("## Connect an EHR")[2].partition("\n## ")[0]
    )
    assert text
    return re.sub(r"^    ", "", text, flags=re.MULTILINE)


def test_the_call_of_the_readme_gives_one_critical_card_first(client: TestClient) -> None:
    shown = section().partition("<<END\n")[2].partition("\nEND\n")[0]
    body = json.loads(shown.replace("$(date +%F)", (NOW.date() - dt.timedelta(1)).isoformat()))

    found = cards(client, body)

    assert actions_of(found)[0] == "red-sign"
    assert [card["indicator"] for card in found].count("critical") == 1
    del body["prefetch"]["forms"]
    assert actions_of(cards(client, body)) == ["ask-red-signs", "ask"]


def test_the_feedback_of_the_readme_is_taken(client: TestClient) -> None:
    shown = re.search(r"-d '(\{\"feedback\".*?)'", section(), re.DOTALL)
    assert shown is not None

    answer = client.post(
        "/cds-services/steppedcare-fbss-patient-view/feedback", json=json.loads(shown[1])
    )

    assert answer.status_code == 200


def test_the_settings_of_the_readme_are_settings(client: TestClient) -> None:
    (shown,) = re.findall(r'^\{"clients".*?\}$', section(), re.DOTALL | re.MULTILINE)

    assert CdsHooksSettings.model_validate_json(shown).clients
    for service in client.get("/cds-services").json()["services"]:
        assert f"`{service['hook']}`" in section()
