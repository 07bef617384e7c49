"""A site chooses numbers inside their ranges, by a ready profile or by a file of its own, and in no other way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pathways.profiles import read_profile
from rules.decide import Decider
from schemas.errors import PathwayError, Problem, SettingsError
from schemas.pathway import Pathway


def refusal(text: str, pathway: Pathway) -> list[Problem]:
    with pytest.raises(PathwayError) as caught:
        read_profile(text, "site.yaml", pathway.settings)
    return list(caught.value.problems)


def test_the_default_profile_changes_nothing_and_the_payer_asks_for_more_blocks(
    pathway: Pathway, decider: Decider
) -> None:
    default = decider.voices.settings("default")
    payer = decider.voices.settings("payer")

    assert default == {name: setting.value for name, setting in pathway.settings.items()}
    changed = {name for name, value in payer.items() if value != default[name]}
    assert changed == {"mbb_blocks_needed", "mbb_relief_needed_percent"}
    assert all(payer[name] > default[name] for name in changed)


def test_every_shipped_profile_lies_inside_the_ranges(pathway: Pathway) -> None:
    assert set(pathway.profiles) >= {"default", "payer"}
    for profile in pathway.profiles.values():
        for name, value in profile.items():
            assert pathway.settings[name].minimum <= value <= pathway.settings[name].maximum


def test_a_profile_nobody_has_is_refused_with_the_names_of_those_there_are(
    decider: Decider,
) -> None:
    with pytest.raises(SettingsError) as caught:
        decider.voices.settings("nowhere")

    (problem,) = caught.value.problems
    assert problem.code == "unknown-profile"
    assert "default, payer" in problem.help
    assert "nowhere" not in str(caught.value)


@pytest.mark.parametrize("border", ["minimum", "maximum"])
def test_both_ends_of_a_range_may_be_chosen(border: str, pathway: Pathway) -> None:
    for name, setting in pathway.settings.items():
        value: Decimal = getattr(setting, border)

        assert read_profile(f"settings: {{{name}: {value}}}", "site.yaml", pathway.settings) == {
            name: value
        }


@pytest.mark.hazard("H-19")
@pytest.mark.parametrize(("border", "step"), [("minimum", -1), ("maximum", 1)])
def test_a_number_beyond_either_end_of_its_range_is_refused_with_its_line(
    border: str, step: int, pathway: Pathway
) -> None:
    for name, setting in pathway.settings.items():
        beyond = getattr(setting, border) + Decimal(step) / 100
        (problem,) = refusal(f"# ours\nsettings:\n  {name}: {beyond}\n", pathway)

        assert (problem.code, problem.where) == ("setting-range", "site.yaml:3")
        assert f"from {setting.minimum} to {setting.maximum}" in problem.help


@pytest.mark.parametrize(
    "value",
    [
        pytest.param('"1"', id="a number as text"),
        pytest.param("one", id="a word"),
        pytest.param("true", id="yes, which Python takes for one"),
        pytest.param("null", id="nothing"),
        pytest.param("[1]", id="a list"),
        pytest.param("{value: 1}", id="a mapping"),
        pytest.param(".nan", id="no number"),
        pytest.param(".inf", id="infinity"),
        pytest.param("1e0", id="an exponent"),
        pytest.param("2026-03-01", id="a date"),
    ],
)
def test_a_value_that_is_no_plain_number_is_refused(value: str, pathway: Pathway) -> None:
    assert read_profile("settings: {mbb_blocks_needed: 1}", "site.yaml", pathway.settings)

    (problem,) = refusal(f"title: ours\nsettings:\n  mbb_blocks_needed: {value}\n", pathway)

    assert (problem.code, problem.where) == ("setting-range", "site.yaml:3")


def test_a_decimal_inside_the_range_may_be_chosen(pathway: Pathway) -> None:
    values = read_profile("settings: {sepsis_temperature_c: 38.5}", "site.yaml", pathway.settings)

    assert values == {"sepsis_temperature_c": Decimal("38.5")}


def test_a_setting_there_is_not_is_refused_with_the_nearest_one(pathway: Pathway) -> None:
    (problem,) = refusal("settings:\n  review_week: 4\n", pathway)

    assert (problem.code, problem.where) == ("unknown-setting", "site.yaml:2")
    assert problem.help == "did you mean `review_weeks`?"


def test_all_faults_of_a_profile_are_told_together(pathway: Pathway) -> None:
    text = "tilte: ours\nsettings:\n  review_weeks: 99\n  age_oldr: 70\n  age_older: 1\n"

    assert [(p.code, p.where) for p in refusal(text, pathway)] == [
        ("unknown-key", "site.yaml:1"),
        ("setting-range", "site.yaml:3"),
        ("unknown-setting", "site.yaml:4"),
        ("setting-range", "site.yaml:5"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("- settings", id="a list"),
        pytest.param("title: ours", id="no settings"),
        pytest.param("settings: [age_older]", id="settings as a list"),
        pytest.param("settings: all", id="settings as a word"),
    ],
)
def test_a_file_that_is_no_profile_is_refused(text: str, pathway: Pathway) -> None:
    (problem,) = refusal(text, pathway)

    assert (problem.code, problem.where) == ("wrong-shape", "site.yaml:1")
    assert problem.help


@pytest.mark.hazard("H-72")
@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        pytest.param("settings:\n  age_older: &a 70", "yaml-alias", 2, id="an anchor"),
        pytest.param("settings: !!python/name:os.system", "yaml-tag", 1, id="a tag"),
        pytest.param(
            "settings:\n  age_older: 70\n  age_older: 65", "yaml", 3, id="a setting twice"
        ),
    ],
)
def test_a_hostile_profile_is_refused(text: str, code: str, line: int, pathway: Pathway) -> None:
    (problem,) = refusal(text, pathway)

    assert (problem.code, problem.where) == (code, f"site.yaml:{line}")


def test_a_setting_that_no_range_lets_vary_keeps_its_value(pathway: Pathway) -> None:
    fixed: list[Any] = [s for s in pathway.settings.values() if s.minimum == s.maximum]

    assert [setting.name for setting in fixed] == ["pregnancy_nsaid_avoid_weeks"]
    assert refusal(f"settings: {{{fixed[0].name}: {fixed[0].value + 1}}}", pathway)


def test_every_fault_of_a_profile_has_a_way_out(pathway: Pathway) -> None:
    (problem,) = refusal("tilte: ours\nsettings: {}\n", pathway)

    assert problem.help
