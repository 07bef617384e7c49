"""The steps of the container, done in an empty Debian: what is built is complete, and serves as its own user.

It takes minutes and a mirror: `STEPPEDCARE_INSTALL=1 pytest -m slow tests/deployment/test_install.py`, as root.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

import api.deployment

ROOT = Path(__file__).parents[2]
CONTAINER = Path(str(resources.files(api.deployment).joinpath("Containerfile")))
NEEDED = "python3,python3-venv,python3-dev,gcc,libc6-dev,ca-certificates"
DEBOOTSTRAP = shutil.which("debootstrap") or shutil.which("debootstrap", path="/usr/sbin")


def mirror() -> str | None:
    """Return the mirror this machine gets its own packages from."""
    told = subprocess.run(["apt-cache", "policy"], capture_output=True, text=True, check=False)
    found = re.search(r"(https?://\S+) bookworm/main", told.stdout)
    return found[1] if found else None


def why_not() -> str:
    """Return what keeps this machine from it; empty: nothing."""
    if not os.environ.get("STEPPEDCARE_INSTALL"):
        return "takes minutes: set STEPPEDCARE_INSTALL=1"
    if os.geteuid() != 0 or DEBOOTSTRAP is None:
        return "needs root and debootstrap"
    return "" if mirror() else "no Debian mirror is known here"


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Containerfile in order."""
    text = re.sub(r"^#.*\n", "", CONTAINER.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in lines if line]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Build what the Containerfile describes, in a folder."""
    if reason := why_not():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("debian") / "root"
    release = [f"--include={NEEDED}", "bookworm", str(folder), str(mirror())]
    words = [str(DEBOOTSTRAP), "--variant=minbase", *release]
    subprocess.run(words, check=True, capture_output=True, timeout=1200)
    fetch(folder / "wheels")
    for word, rest in instructions():
        if word == "COPY":
            *parts, into = rest.split()
            for part in parts:
                copy(ROOT / part, folder / into.lstrip("/"), into.endswith("/"))
        elif word == "RUN":
            inside(folder, "sh", "-c", rest)
    yield folder
    shutil.rmtree(folder)


def fetch(folder: Path) -> None:
    """Fetch the locked packages with this machine's own way to an index; inside there is none."""
    for lock, more in (
        (ROOT / ".ci" / "build.lock", []),
        (ROOT / "requirements.lock", ["--no-binary", "durable-rules", "--no-build-isolation"]),
    ):
        words = [
            "download",
            "--quiet",
            "--require-hashes",
            "--no-deps",
            "--only-binary",
            ":all:",
            *more,
        ]
        subprocess.run(
            [sys.executable, "-m", "pip", *words, "--dest", str(folder), "--requirement", str(lock)],
            check=True, capture_output=True, timeout=600,
        )  # fmt: skip


def copy(source: Path, into: Path, inside_it: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, into, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        into.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, into / source.name if inside_it else into)


def inside(
    folder: Path, *words: str, user: str = "root", stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run *words* inside the folder, without a network."""
    done = subprocess.run(
        ["unshare", "--net", "chroot", f"--userspec={user}", str(folder), *words],
        capture_output=True, text=True, check=False, timeout=1200, input=stdin,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels"},
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done


def test_the_container_is_built_by_the_script_that_installs_on_a_machine() -> None:
    runs = [rest for word, rest in instructions() if word == "RUN"]
    steps = [shlex.split(step) for run in runs for step in run.split("&&")]

    assert steps[0] == ["sh", "/src/api/deployment/install.sh", "/src"]
    assert [step[0] for step in steps[1:]] == ["apt-get", "rm"]
    assert ("USER", "steppedcare") in instructions()
    for word, rest in instructions():
        if word == "COPY":
            assert all((ROOT / part).exists() for part in rest.split()[:-1])
        assert word != "ENV" or not re.search(r"SECRET|TOKEN|PASSWORD|LOG_KEY", rest)


@pytest.mark.slow
@pytest.mark.hazard("H-69")
def test_what_is_built_in_an_empty_debian_decides_as_its_own_user_and_holds_no_compiler(
    built: Path,
) -> None:
    command = "/opt/steppedcare/bin/steppedcare"
    patient = json.dumps({"facts": {"bladder_disturbance": "new"}, "on": "2026-03-01"})

    told = inside(
        built, command, "decide", "-", "--format", "json", user="steppedcare", stdin=patient
    )
    checked = inside(built, command, "cases", "check", user="steppedcare")
    whole = inside(built, command, "intact", user="steppedcare")

    assert json.loads(told.stdout)["urgency"] == "U0"
    assert checked.stdout.rstrip().endswith("as expected")
    assert "as released" in whole.stdout
    for gone in ("usr/bin/gcc", "src", "opt/steppedcare/bin/pip"):
        assert not (built / gone).exists()
    key = built / "etc/steppedcare/log.key"
    assert (key.stat().st_mode & 0o777, len(key.read_text())) == (0o400, 45)
    assert (built / "etc/systemd/system/steppedcare.service").exists()
