"""The checks of the documents themselves: clean on what is shipped, and each able to find its fault."""

from __future__ import annotations

import pytest

from api.library import get_decider, get_vignettes, pathway_files
from api.service import get_checker
from api.verify import verify_report
from pathways.loader import load_pathway
from rules.network import build_network
from rules.verification.coverage import coverage
from rules.verification.diagnose import diagnose
from schemas.pathway import Pathway
from tests.conftest import ON

NSAID = "treatments/nsaid.md"
RULE = "\n```rule seeded\neffect: {effect}\nwhen: {when}\nsays: seeded\nsource: C\n```\n"


def _load(file: str, extra: str) -> Pathway:
    files = {n: t for n, t in pathway_files("fbss").items() if not n.startswith("vignettes/")}
    return load_pathway({**files, file: files[file] + extra})


def _codes(pathway: Pathway) -> set[tuple[str, str]]:
    settings = {name: setting.value for name, setting in pathway.settings.items()}
    found = diagnose(pathway, build_network(pathway), settings)
    return {(each.code, each.where.file) for each in found}


@pytest.mark.hazard("H-35")
def test_the_shipped_documents_have_no_gap_no_overlap_and_no_dead_or_hidden_rule() -> None:
    lines, result, holds = verify_report("fbss")

    assert holds, lines
    assert result.startswith("0 errors")


@pytest.mark.hazard("H-35")
@pytest.mark.parametrize(
    ("code", "file", "extra"),
    [
        pytest.param(
            "dead", NSAID, RULE.format(effect="caution", when="egfr < 20 and egfr > 40"),
            id="a rule that can never hold",
        ),
        pytest.param(
            "overlap", NSAID, RULE.format(effect="block", when="nsaid_allergy"),
            id="a rule that says what another says",
        ),
        pytest.param(
            "conflict", NSAID, RULE.format(effect="consider", when="nsaid_allergy and in_scope"),
            id="an offer that is always blocked",
        ),
        pytest.param(
            "unused-finding", NSAID,
            "\n```finding seeded_finding\nwhen: smoker and copd\nsays: seeded\nsource: C\n```\n",
            id="a finding nothing rests on",
        ),
    ],
)  # fmt: skip
def test_a_seeded_fault_is_found_in_its_document(code: str, file: str, extra: str) -> None:
    assert (code, file) in _codes(_load(file, extra)) - _codes(_load(file, ""))


def test_a_fact_and_a_setting_nobody_reads_are_named() -> None:
    fact = '      seeded_fact: {kind: boolean, title: Seeded, ask: "Seeded?"}\n'
    files = {n: t for n, t in pathway_files("fbss").items() if not n.startswith("vignettes/")}
    facts = files["facts.yaml"].replace("      smoker:", f"{fact}      smoker:", 1)
    setting = "| seeded_setting | 4 | 2 to 12 | weeks | seeded | C | |\n"
    pathway = load_pathway(
        {
            **files,
            "facts.yaml": facts,
            "settings.md": files["settings.md"].rstrip() + "\n" + setting,
        }
    )

    found = {code for code, _ in _codes(pathway)}
    assert {"unused-fact", "unused-setting"} <= found


def test_coverage_names_every_rule_that_its_patients_never_fire() -> None:
    decider, checker = get_decider("fbss"), get_checker("fbss")
    looks = [look.input for case in get_vignettes("fbss") for look in case.looks]

    one = coverage(decider, checker, looks[:1], ON)
    all_looks = coverage(decider, checker, looks, ON)

    assert "r1a-retention-after-procedure" in one.never_fired
    assert "r1a-retention-after-procedure" not in all_looks.never_fired
    assert len(all_looks.never_fired) < len(one.never_fired)
