"""A service starts on one version of everything, or not at all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from api.deployment.intact import ROOMS, check_intact, strange_files
from schemas.errors import PathwayError
from tests.contract.doors import run
from tests.deployment.installed import install
from tests.serving import free_port, surroundings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("installed")


@pytest.fixture(scope="module")
def installed(folder: Path) -> PathDistribution:
    return install(folder)


def files_of(folder: Path) -> list[Path]:
    return sorted(
        each
        for room in ROOMS
        for each in (folder / room).rglob("*")
        if each.is_file() and "__pycache__" not in each.parts
    )


def one_of_each_kind(folder: Path) -> list[Path]:
    """Return one file of each ending in each room: documents, code lists, code, schema, page, migrations."""
    found: dict[tuple[str, str], Path] = {}
    for file in files_of(folder):
        found.setdefault((file.relative_to(folder).parts[0], file.suffix), file)
    return list(found.values())


@contextmanager
def another_version(file: Path) -> Iterator[None]:
    """Let *file* be one byte off."""
    data = file.read_bytes()
    file.write_bytes(data + b" ")
    yield
    file.write_bytes(data)


def start(folder: Path) -> subprocess.CompletedProcess[str]:
    """Start the installed service; it must come to an end by itself."""
    words = ["-c", "from api.cli import main; main()", "serve", "--port", str(free_port())]
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True, text=True, check=False, timeout=60, cwd=folder,
        env=surroundings({"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}),
    )  # fmt: skip


@pytest.mark.hazard("H-36")
def test_an_installation_as_it_was_built_is_one_version(installed: PathDistribution) -> None:
    assert strange_files(installed) == ()
    assert check_intact(installed)


@pytest.mark.hazard("H-36")
def test_one_file_of_any_kind_that_is_off_is_found_and_named(
    installed: PathDistribution, folder: Path
) -> None:
    kinds = one_of_each_kind(folder)
    for file in kinds:
        with another_version(file), pytest.raises(PathwayError) as caught:
            check_intact(installed)
        (problem,) = caught.value.problems
        assert (problem.code, problem.where) == (
            "mixed-installation",
            file.relative_to(folder).as_posix(),
        )

    assert len(kinds) > 10
    assert check_intact(installed)


@pytest.mark.slow
@pytest.mark.hazard("H-36")
def test_each_single_file_that_is_off_is_found(installed: PathDistribution, folder: Path) -> None:
    for file in files_of(folder):
        with another_version(file):
            assert strange_files(installed) == (file.relative_to(folder).as_posix(),)


@pytest.mark.hazard("H-36")
def test_a_file_too_many_or_too_few_is_found(installed: PathDistribution, folder: Path) -> None:
    extra = folder / "pathways" / "fbss" / "more.md"
    extra.write_text("# More\n")
    with pytest.raises(PathwayError, match=r"more\.md"):
        check_intact(installed)
    extra.unlink()

    file = folder / "pathways" / "fbss" / "facts.yaml"
    data = file.read_bytes()
    file.unlink()
    with pytest.raises(PathwayError, match=r"facts\.yaml"):
        check_intact(installed)
    file.write_bytes(data)

    assert check_intact(installed)


@pytest.mark.hazard("H-36")
@pytest.mark.parametrize(
    "name",
    ["pathways/fbss/facts.yaml", pytest.param("schemas/decision.py", marks=pytest.mark.slow)],
)
def test_a_service_with_one_file_of_another_version_does_not_start(
    installed: PathDistribution, folder: Path, name: str
) -> None:
    with another_version(folder / name):
        done = start(folder)

    assert done.returncode == 3
    assert done.stderr.startswith(f"mixed-installation: {name}: ")
    assert "Traceback" not in done.stderr
    assert installed.version == "0.1.0"


def test_a_working_copy_says_that_there_is_nothing_to_compare_with() -> None:
    answer = run("intact")

    assert answer.code == 1
    assert "working copy" in answer.words
