"""Settings profiles: which numbers a site chooses instead of the pathway's own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pathways.dictionary import Reader
from pathways.vocabulary import did_you_mean
from pathways.yaml_text import read_yaml
from schemas.pathway import Setting


def read_profile(text: str, file: str, settings: Mapping[str, Setting]) -> dict[str, Decimal]:
    """Read a settings profile: `settings: {name: value}`, each inside the range of its setting.

    Raises PathwayError naming file and line of every unknown setting and every value out of range.
    """
    reader = Reader(file, text)
    data = read_yaml(text, file)
    if not isinstance(data, dict) or not isinstance(data.get("settings"), dict):
        reader.problem(
            "", "wrong-shape", "a profile has the key `settings`", "settings: {name: value}"
        )
        reader.done()
    for key in data.keys() - {"settings", "title", "says", "signed_off"}:
        reader.problem(
            key,
            "unknown-key",
            f"the profile has the unknown key `{key}`",
            "keys are settings, title, says, signed_off",
        )
    values: dict[str, Decimal] = {}
    for name, value in data["settings"].items():
        if name not in settings:
            reader.problem(
                name, "unknown-setting", f"unknown setting `{name}`",
                did_you_mean(name, settings, "settings stand in settings.md"),
            )  # fmt: skip
            continue
        setting = settings[name]
        fits = isinstance(value, int | Decimal) and not isinstance(value, bool)
        if not fits or not setting.minimum <= value <= setting.maximum:
            reader.problem(
                name, "setting-range", f"`{name}` is outside its range",
                f"choose a number from {setting.minimum} to {setting.maximum} {setting.unit}",
            )  # fmt: skip
            continue
        values[name] = Decimal(value)
    reader.done()
    return values
