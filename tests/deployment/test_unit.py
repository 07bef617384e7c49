"""The systemd unit: one that systemd reads, that lets the service do what it does, and nothing else."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

import api.deployment
from api.deployment.settings_page import variables
from tests.contract.doors import run

SHIPPED = resources.files(api.deployment)
UNIT = Path(str(SHIPPED.joinpath("steppedcare.service")))
ENVIRONMENT = SHIPPED.joinpath("environment").read_text(encoding="utf-8")
ANALYZE = shutil.which("systemd-analyze")
WORST = 1.0
"""Exposure as systemd counts it, from 0 (none) to 10."""


def lines(name: str) -> list[str]:
    """Return every value of *name* in the unit."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze here")
def test_systemd_reads_the_unit_without_a_complaint(tmp_path: Path) -> None:
    # It looks whether the commands are there, so it is shown a unit whose commands are.
    command = Path(sys.executable).with_name("steppedcare")
    unit = tmp_path / "steppedcare.service"
    unit.write_text(UNIT.read_text().replace("/opt/steppedcare/bin/steppedcare", str(command)))

    done = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0
    told = [line for line in done.stderr.splitlines() if "steppedcare" in line]
    assert told == []


@pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze here")
def test_systemd_finds_little_the_service_could_do_beside_its_work() -> None:
    done = subprocess.run(
        [str(ANALYZE), "security", "--offline=true", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )

    found = re.search(r"Overall exposure level for steppedcare\.service: ([0-9.]+)", done.stdout)
    assert found
    assert float(found[1]) <= WORST


def test_every_command_of_the_unit_is_one_the_service_has() -> None:
    commands = lines("ExecStartPre") + lines("ExecStart")

    assert len(commands) == 3
    for command in commands:
        program, *words = shlex.split(command)
        assert program == "/opt/steppedcare/bin/steppedcare"
        assert run(*words[:1], "--help").code == 0
        for option in (word for word in words if word.startswith("--")):
            assert option in run(words[0], "--help").words


@pytest.mark.hazard("H-70")
def test_the_shipped_settings_are_settings_and_hold_no_secret() -> None:
    named = dict(re.findall(r"^#?(STEPPEDCARE_\w+)=(.*)$", ENVIRONMENT, re.MULTILINE))

    assert set(named) <= variables()
    assert "STEPPEDCARE_LOG_KEY" not in named
    assert named["STEPPEDCARE_LOG_KEY_FILE"].startswith("/etc/steppedcare/")
    for name in ("STEPPEDCARE_DATABASE", "STEPPEDCARE_KEYS"):
        assert named[name].startswith("/var/lib/steppedcare/")
    assert lines("StateDirectory") == ["steppedcare"]
    assert lines("EnvironmentFile") == ["/etc/steppedcare/environment"]


_FORBIDDING = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
# PR_SET_MDWE: no memory of this process is both written and run from now on; PR_SET_NO_NEW_PRIVS.
refused = libc.prctl(65, 1, 0, 0, 0) or libc.prctl(38, 1, 0, 0, 0)
if refused:
    raise SystemExit(77)
import asyncio, datetime, uvloop
from api.service import decide_input
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
asyncio.run(asyncio.sleep(0))
print(decide_input("fbss", {"facts": {"bladder_disturbance": "new"}}, datetime.date(2026, 3, 1)).urgency.value)
"""


@pytest.mark.slow
def test_the_engine_works_where_no_memory_may_be_written_and_run() -> None:
    assert lines("MemoryDenyWriteExecute") == ["yes"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _FORBIDDING],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env=dict(os.environ),
    )

    if done.returncode == 77:
        pytest.skip("this kernel cannot forbid it to a single process")
    assert (done.returncode, done.stdout) == (0, "U0\n"), done.stderr
