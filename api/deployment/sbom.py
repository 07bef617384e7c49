"""What the service is made of: every package that is installed for it, as a CycloneDX bill of materials."""

from __future__ import annotations

import operator
import os
import platform
import re
import sys
import uuid
from collections.abc import Callable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

PRODUCT = "steppedcare"
_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?")
_CLAUSE = re.compile(r"""(\w+)\s*(==|!=|<=|>=|<|>)\s*['"]([^'"]+)['"]""")
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def plain_name(name: str) -> str:
    """Return *name* as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def holds_here(marker: str, extras: frozenset[str]) -> bool:
    """Tell whether *marker*, clauses joined by `and`, holds on this system for a package asked for with *extras*.

    What cannot be told counts as holding: a part too many in the bill is seen, a part too few is not.
    """
    here = {
        "sys_platform": sys.platform,
        "platform_system": platform.system(),
        "os_name": os.name,
        "implementation_name": sys.implementation.name,
        "platform_python_implementation": platform.python_implementation(),
    }
    if " or " in marker:
        return True
    for name, sign, value in _CLAUSE.findall(marker):
        if name == "extra":
            holds = plain_name(value) in extras
        elif name in ("python_version", "python_full_version"):
            mine, asked = sys.version_info[:3], _numbers(value)
            holds = _ORDERS[sign](mine[: len(asked)], asked)
        elif name in here and sign in ("==", "!="):
            holds = _ORDERS[sign](here[name].lower(), value.lower())
        else:
            holds = True
        if not holds:
            return False
    return True


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def needed(distribution: Distribution, extras: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    """Return what *distribution*, asked for with *extras*, requires: names, and the extras each is asked for with."""
    found = []
    for text in distribution.requires or ():
        requirement, _, marker = text.partition(";")
        match = _REQUIREMENT.match(requirement)
        if match and holds_here(marker, extras):
            more = (plain_name(each.strip()) for each in (match[2] or "").split(","))
            found.append((plain_name(match[1]), frozenset(more) - {""}))
    return found


def components() -> dict[str, tuple[Distribution, frozenset[str]]]:
    """Return every installed package the service is made of, by name, each with the names of what it requires.

    What a package requires only on other systems is not installed here, and not listed.
    """
    found: dict[str, tuple[Distribution, frozenset[str]]] = {}
    asked: dict[str, frozenset[str]] = {}
    waiting = [(PRODUCT, frozenset[str]())]
    while waiting:
        name, extras = waiting.pop()
        extras |= asked.get(name, frozenset())
        if name in found and extras == asked[name]:
            continue
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        asked[name] = extras
        below = needed(installed, extras)
        found[name] = (installed, frozenset(each for each, _ in below))
        waiting += below
    return found


def read_lock(text: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return version and hashes of every package a lock file names."""
    found: dict[str, tuple[str, list[str]]] = {}
    name = ""
    for line in text.splitlines():
        if match := _LOCKED.match(line):
            name = plain_name(match[1])
            found[name] = (match[2], [])
        if name:
            found[name][1].extend(_HASH.findall(line))
    return {name: (version, tuple(hashes)) for name, (version, hashes) in found.items()}


def differences(lock: Mapping[str, tuple[str, tuple[str, ...]]]) -> list[str]:
    """Return what is installed otherwise than *lock* says, one line each; what is locked for other systems is not."""
    found = []
    for name, (installed, _) in sorted(components().items()):
        if name == PRODUCT:
            continue
        if name not in lock:
            found.append(f"{name} {installed.version} is installed and not in the lock")
        elif lock[name][0] != installed.version:
            found.append(f"{name} {installed.version} is installed, locked is {lock[name][0]}")
        elif not lock[name][1]:
            found.append(f"{name} {installed.version} is locked without a hash")
    return found


def bill_of_materials() -> dict[str, Any]:
    """Return the bill (CycloneDX 1.6), the same for the same installation: it holds no time and no chance."""
    parts = components()
    rows = {name: _component(name, installed) for name, (installed, _) in sorted(parts.items())}
    links = [
        {
            "ref": rows[name]["bom-ref"],
            "dependsOn": sorted(rows[each]["bom-ref"] for each in below if each in rows),
        }
        for name, (_, below) in sorted(parts.items())
    ]
    product = rows.pop(PRODUCT) | {"type": "application"}
    seed = "\n".join(sorted([product["bom-ref"], *(row["bom-ref"] for row in rows.values())]))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, seed)}",
        "version": 1,
        "metadata": {"component": product},
        "components": list(rows.values()),
        "dependencies": links,
    }


def _component(name: str, installed: Distribution) -> dict[str, Any]:
    address = f"pkg:pypi/{name}@{installed.version}"
    row: dict[str, Any] = {
        "type": "library",
        "bom-ref": address,
        "name": name,
        "version": installed.version,
        "purl": address,
    }
    if licence := _licence(installed.metadata.json):
        row["licenses"] = [licence]
    return row


def _licence(told: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a package says of its licence: an expression, or else words, or else where it counts itself."""
    if expression := told.get("license_expression"):
        return {"expression": expression}
    words = str(told.get("license", "")).strip().partition("\n")[0][:100]
    if not words:
        kinds = [each for each in told.get("classifier", ()) if each.startswith("License ::")]
        words = kinds[0].rpartition(":: ")[2] if kinds else ""
    return {"license": {"name": words}} if words else None
