"""What the documents of this door say is so."""

from __future__ import annotations

from pathlib import Path

import api.cds_hooks
from api.cds_hooks.cards import TOPICS
from api.cds_hooks.settings import CdsHooksSettings, Client
from api.guidance import Kind

README = Path(api.cds_hooks.__file__).with_name("README.md")


def test_the_readme_names_every_setting_and_every_module() -> None:
    text = README.read_text(encoding="utf-8")

    for name in (*CdsHooksSettings.model_fields, *Client.model_fields):
        assert f"`{name}`" in text, name
    for module in README.parent.glob("*.py"):
        assert module.name in text or module.name == "__init__.py", module.name


def test_every_kind_of_action_has_a_topic() -> None:
    assert set(TOPICS) == set(Kind.__args__)  # type: ignore[attr-defined]
