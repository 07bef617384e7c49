"""The bill of materials: what is installed, no more and no less, in the standard's own form, and as locked."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement

from api.deployment.sbom import bill_of_materials, components, differences, holds_here, read_lock
from tests.contract.doors import run

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"


def locked_here() -> dict[str, str]:
    """Return name and version of what the lock holds for this system, read by somebody else's reader."""
    found = {}
    for line in LOCK.read_text().splitlines():
        if "==" in line and not line.startswith((" ", "#")):
            requirement = Requirement(line.rstrip(" \\"))
            if requirement.marker is None or requirement.marker.evaluate():
                (version,) = requirement.specifier
                found[requirement.name.lower().replace("_", "-")] = version.version
    return found


@pytest.mark.hazard("H-69")
def test_the_bill_is_the_lock() -> None:
    bill = {part["name"]: part["version"] for part in bill_of_materials()["components"]}

    assert bill == locked_here()


@pytest.mark.hazard("H-69")
def test_a_version_or_package_that_is_not_locked_is_named(tmp_path: Path) -> None:
    text = LOCK.read_text()
    assert differences(read_lock(text)) == []
    other = tmp_path / "other.lock"
    other.write_text(
        text.replace("jinja2==3.1.6", "jinja2==3.1.5").replace("fastapi==", "slowapi==")
    )

    answer = run("sbom", "--lock", str(other))

    assert answer.code == 1
    assert "locked is 3.1.5" in answer.words
    assert "fastapi" in answer.words
    assert answer.words.rstrip().endswith("2 differences from the lock")
    assert run("sbom", "--lock", str(LOCK)).code == 0
    assert run("sbom", "--lock", str(tmp_path / "none")).code == 2


@pytest.mark.hazard("H-69")
def test_everything_that_is_locked_has_a_hash() -> None:
    for file in (LOCK, ROOT / "requirements-dev.lock", ROOT / ".ci" / "build.lock"):
        found = read_lock(file.read_text())
        assert found
        assert [name for name, (_, hashes) in found.items() if not hashes] == []


def test_the_bill_is_one_the_standard_accepts_and_always_the_same() -> None:
    first = run("sbom")

    assert first.code == 0
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(first.words) is None
    assert json.loads(first.words) == bill_of_materials()


def test_the_bill_says_what_requires_what() -> None:
    bill = bill_of_materials()
    refs = {part["bom-ref"] for part in bill["components"]} | {
        bill["metadata"]["component"]["bom-ref"]
    }

    assert {row["ref"] for row in bill["dependencies"]} == refs
    assert {each for row in bill["dependencies"] for each in row["dependsOn"]} <= refs
    assert all(part.get("licenses") for part in bill["components"])
    assert len(components()) == len(refs)


def test_conditions_of_requirements_are_read_as_their_own_reader_reads_them() -> None:
    extras = frozenset({"crypto", "binary"})
    compared = 0
    for name in components():
        for text in metadata.distribution(name).requires or ():
            marker = Requirement(text).marker
            want = marker is None or any(marker.evaluate({"extra": each}) for each in ("", *extras))
            if " or " not in text:
                assert holds_here(text.partition(";")[2], extras) == want, text
                compared += 1

    assert compared > 50


@pytest.mark.slow
@pytest.mark.hazard("H-69")
def test_a_package_with_one_changed_file_is_not_installed(tmp_path: Path) -> None:
    """A lock names the hash of what a stranger's index gives; here the index is a folder and the package ours."""
    name = "harmless-1.0-py3-none-any.whl"
    good, index, target = tmp_path / "good", tmp_path / "index", tmp_path / "target"
    for folder, text in ((good, "value = 1\n"), (index, "value = 2\n")):
        folder.mkdir()
        with zipfile.ZipFile(folder / name, "w") as wheel:
            wheel.writestr(zipfile.ZipInfo("harmless.py"), text)
            for part, words in (
                ("METADATA", "Metadata-Version: 2.1\nName: harmless\nVersion: 1.0\n"),
                ("WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
                ("RECORD", "harmless.py,,\n"),
            ):
                wheel.writestr(zipfile.ZipInfo(f"harmless-1.0.dist-info/{part}"), words)
    lock = tmp_path / "some.lock"
    lock.write_text(f"harmless==1.0 --hash=sha256:{sha256(good / name)}\n")

    assert install(lock, good, target) == 0
    assert (target / "harmless.py").read_text() == "value = 1\n"
    assert install(lock, index, tmp_path / "other") != 0
    assert not (tmp_path / "other" / "harmless.py").exists()


def sha256(file: Path) -> str:
    import hashlib

    return hashlib.sha256(file.read_bytes()).hexdigest()


def install(lock: Path, index: Path, target: Path) -> int:
    """Install *lock* from a folder, as `install.sh` does: with hashes, without what else they would ask for."""
    words = [
        sys.executable, "-m", "pip", "install", "--quiet", "--isolated", "--no-index", "--find-links", str(index),
        "--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", str(target), "--requirement", str(lock),
    ]  # fmt: skip
    return subprocess.run(words, capture_output=True, check=False).returncode
