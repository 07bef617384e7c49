"""What a code of each system looks like, and the digit by which a mistyped one betrays itself.

A code that has the right form may still not exist, or mean something else: form is the first check, never the last.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_TIMES = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_TURNED = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def verhoeff_holds(digits: str) -> bool:
    """Tell whether the last of *digits* is the Verhoeff check digit of the others (SNOMED CT).

    It notices every single wrong digit and every exchange of two neighbours.

    >>> verhoeff_holds("73211009"), verhoeff_holds("73211090")
    (True, False)
    """
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_TIMES[check][int(_TURNED[place % 8][int(digit)])])
    return check == 0


def luhn_holds(code: str) -> bool:
    """Tell whether the digit after the hyphen of *code* is the Luhn check digit of the others (LOINC).

    It notices every single wrong digit and nearly every exchange of two neighbours.

    >>> luhn_holds("2160-0"), luhn_holds("2610-0")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(code.replace("-", ""))):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


@dataclass(frozen=True)
class CodeFormat:
    """How the codes of one system are written."""

    exact: re.Pattern[str]
    says: str
    group: re.Pattern[str] | None = None
    """What the beginning shared by a group looks like; None: beginnings mean nothing in this system."""
    holds: Callable[[str], bool] | None = None
    """The check digit, for a code that has the right form."""


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.ASCII)


_ICD_10_CM = _pattern(r"[A-Z]\d[\dAB](\.[\dA-Z]{1,4})?")
_ICD_11 = _pattern(r"[1-9A-HJ-NP-Z][A-HJ-NP-Z]\d[\dA-HJ-NP-Z](\.[\dA-HJ-NP-Z]{1,3})?")
_ATC_LETTER = "[ABCDGHJLMNPRSV]"

FORMATS: dict[str, CodeFormat] = {
    "icd-10-cm": CodeFormat(
        _ICD_10_CM,
        "a letter, a digit and one sign more, then a stop and up to four signs",
        group=_ICD_10_CM,
    ),
    "icd-11": CodeFormat(_ICD_11, "four signs, then a stop and up to three more", group=_ICD_11),
    "snomed": CodeFormat(
        # 00 or 10 before the check digit: the number of a concept, not of a description or relation.
        _pattern(r"[1-9]\d{2,14}[01]0\d"),
        "6 to 18 digits, of which the last three are 00 or 10 and the check digit",
        holds=verhoeff_holds,
    ),
    "loinc": CodeFormat(
        _pattern(r"[1-9]\d{0,6}-\d"),
        "up to seven digits, a hyphen and the check digit",
        holds=luhn_holds,
    ),
    "rxnorm": CodeFormat(_pattern(r"[1-9]\d{0,7}"), "up to eight digits"),
    "cpt": CodeFormat(_pattern(r"\d{5}"), "five digits"),
    "atc": CodeFormat(
        _pattern(rf"{_ATC_LETTER}\d\d[A-Z]{{2}}\d\d"),
        "seven signs such as M01AE01; a shorter group needs `prefix: true`",
        group=_pattern(rf"{_ATC_LETTER}\d\d([A-Z]([A-Z](\d\d)?)?)?"),
    ),
    "local": CodeFormat(
        _pattern(r"[a-z][a-z0-9]*(-[a-z0-9]+)*"),
        "small letters and digits, joined by hyphens",
        group=_pattern(r"[a-z][a-z0-9]*(-[a-z0-9]+)*-?"),
    ),
}
"""By the name a system has in systems.yaml; a system without a format here cannot be checked and is refused."""
