"""The code changed on purpose: mutmut makes small wrong changes in `rules/`, and the quick tests must notice them.

`python -m tests.soak.mutate [MODULE ...] [--jobs N]`; without a module those that decide truth and verdict. It works on
a copy in a temporary folder, says what lived, and ends with the score; the exit code is 0 from 95 % on.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("schemas", "pathways", "rules", "api", "tests", "pyproject.toml", "README.md", "Makefile")
CHOSEN = (
    "truth",
    "leaves",
    "verdict",
    "evaluator",
    "trials",
    "derive",
    "stated",
    "gravity",
    "comparisons",
)
TESTS = ("tests/spec", "tests/unit/rules_input", "tests/unit/proof/test_tables.py")
WANTED = 95.0
SETTINGS = """[mutmut]
source_paths=rules
use_git_change_detection=false
only_mutate=
    {modules}
also_copy=
    schemas
    pathways
    api
    README.md
    Makefile
pytest_add_cli_args_test_selection=
    {tests}
pytest_add_cli_args=
    -q
    -p
    no:cacheprovider
"""


def main(arguments: list[str]) -> int:
    """Mutate the modules named in *arguments* and print the score; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.mutate", description=__doc__)
    parser.add_argument("modules", nargs="*", default=CHOSEN, help="modules of rules/, without .py")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    chosen = parser.parse_args(arguments)
    if importlib.util.find_spec("mutmut") is None:
        print("mutmut is not installed; it is a development package", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="steppedcare-mutate-") as folder:
        copy = Path(folder)
        lay_out(copy, chosen.modules)
        mutmut(copy, "run", "--max-children", str(chosen.jobs))
        mutmut(copy, "export-cicd-stats")
        lived = mutmut(copy, "results").stdout
        figures = json.loads((copy / "mutants" / "mutmut-cicd-stats.json").read_text("utf-8"))
    for line in lived.splitlines():
        if line.strip():
            print(line.strip())
    total, killed = figures["total"], figures["killed"] + figures.get("timeout", 0)
    score = 100.0 * killed / total if total else 0.0
    print(f"{killed} of {total} changes of {', '.join(chosen.modules)} noticed, {score:.1f} %")
    return 0 if score >= WANTED else 1


def lay_out(copy: Path, modules: list[str]) -> None:
    """Copy the project into the folder *copy*, with the settings of a run over *modules*."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy / name)
    named = "\n    ".join(f"rules/{module}.py" for module in modules)
    text = SETTINGS.format(modules=named, tests="\n    ".join(TESTS))
    (copy / "setup.cfg").write_text(text, encoding="utf-8")


def mutmut(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run mutmut in *copy*; its progress is kept back, its complaints are not."""
    found = subprocess.run(
        [sys.executable, "-m", "mutmut", *command],
        cwd=copy, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if found.returncode:
        print(found.stdout[-2000:], file=sys.stderr)
        raise SystemExit(f"mutmut {command[0]} ended with {found.returncode}")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
