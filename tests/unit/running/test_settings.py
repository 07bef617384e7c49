"""Settings of running: each has its border, and a bad one is named without its value."""

from __future__ import annotations

from pathlib import Path

import pytest

from api import running
from api.running.known import read_known
from api.running.settings import RunningSettings, read_running
from schemas.errors import SettingsError


def test_nothing_set_means_the_defaults() -> None:
    assert read_running({"STEPPEDCARE_WAIT_SECONDS": " "}) == RunningSettings()


def test_a_setting_is_read_from_its_variable() -> None:
    assert read_running({"STEPPEDCARE_MOST_IN_WORK": "3"}).most_in_work == 3


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1e9", "many", "2 2"])
@pytest.mark.parametrize("name", ["WAIT_SECONDS", "RED_SECONDS", "MOST_WAITING", "STOP_SECONDS"])
def test_a_setting_beyond_its_border_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_running({f"STEPPEDCARE_{name}": value})

    assert caught.value.problems[0].where == f"STEPPEDCARE_{name}"
    assert value not in caught.value.problems[0].message


def test_the_readme_names_every_setting_with_its_default_and_the_number_of_known_patients() -> None:
    text = (Path(running.__file__).parent / "README.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    told = {
        name: value.strip()
        for line in rows
        for names, values in [line.strip("| ").split(" | ")[:2]]
        for name, value in zip(names.replace("`", "").split(", "), values.split(", "), strict=True)
    }

    assert told == {
        name.upper(): f"{value:g}" if not isinstance(value, str) else value
        for name, value in RunningSettings().model_dump().items()
    }
    assert f"{len(read_known()['fbss']['patients'])} patients for whom" in text
