"""The checks of the documents themselves: clean on what is shipped, and each able to find its fault."""

from __future__ import annotations

from functools import cache

import pytest

from api.library import get_decider, get_vignettes, pathway_files
from api.service import get_checker
from api.verify import verify_report
from pathways.loader import load_pathway
from rules.network import build_network
from rules.verification.coverage import coverage
from rules.verification.diagnose import diagnose
from schemas.errors import PathwayError
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


@cache
def _found(file: str, extra: str) -> set[tuple[str, str]]:
    """Return code and document of everything wrong, whether the loader refuses it or the diagnosis names it."""
    try:
        return _codes(_load(file, extra))
    except PathwayError as error:
        return {(each.code, each.where.partition(":")[0]) for each in error.problems}


@pytest.mark.hazard("H-35")
def test_the_shipped_documents_have_no_gap_no_overlap_and_no_dead_hidden_or_subsumed_rule() -> None:
    lines, result, holds = verify_report("fbss")

    assert holds, lines
    assert result.startswith("0 errors, 0 warnings"), lines


TWICE = """
```rule seeded-wide
effect: caution
when: smoker
says: Mind the lungs
source: C
```

```rule seeded-narrow
effect: caution
when: smoker and copd
says: mind the  lungs
source: C
```
"""
CIRCLE = """
```rule seeded-one
effect: caution
when: smoker
says: seeded
overrides: seeded-two
source: C
```

```rule seeded-two
effect: caution
when: copd
says: seeded too
overrides: seeded-one
source: C
```
"""
NEEDLE = "treatments/trigger-point-injection.md"


@pytest.mark.hazard("H-35")
@pytest.mark.parametrize(
    ("code", "file", "extra"),
    [
        pytest.param(
            "gap", "red-signs.md", "\n```sign R99\ntitle: Seeded\nsource: C\n```\n",
            id="a red sign no rule raises",
        ),
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
            "hidden", NSAID, RULE.format(effect="caution", when="nsaid_allergy and smoker"),
            id="a caution that only stands behind a block",
        ),
        pytest.param(
            "hidden", NSAID, RULE.format(effect="hold", when="nsaid_allergy and smoker"),
            id="a hold that only stands behind a block",
        ),
        pytest.param(
            "subsumed", NSAID, RULE.format(effect="block", when="nsaid_allergy and smoker"),
            id="a narrower block beside a wider one",
        ),
        pytest.param("subsumed", NSAID, TWICE, id="a narrower caution in the words of a wider one"),
        pytest.param(
            "subsumed", NSAID, TWICE.replace("effect: caution", "effect: require"),
            id="a prerequisite that another includes",
        ),
        pytest.param(
            "unreachable-treatment", NEEDLE, RULE.format(effect="block", when="in_scope"),
            id="a treatment nobody can be offered",
        ),
        pytest.param(
            "unused-finding", NSAID,
            "\n```finding seeded_finding\nwhen: smoker and copd\nsays: seeded\nsource: C\n```\n",
            id="a finding nothing rests on",
        ),
        pytest.param(
            "unknown-fact", NSAID, RULE.format(effect="block", when="never_heard_of"),
            id="a rule about a fact nobody asks for",
        ),
        pytest.param(
            "uncited", NSAID,
            RULE.format(effect="block", when="smoker").replace("source: C\n", ""),
            id="a rule that cites nothing",
        ),
        pytest.param("cyclic-override", NSAID, CIRCLE, id="two rules each an exception to the other"),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_a_seeded_fault_is_found_in_its_document(code: str, file: str, extra: str) -> None:
    assert (code, file) in _found(file, extra) - _found(file, "")


def test_a_caution_with_words_of_its_own_is_not_called_subsumed() -> None:
    extra = TWICE.replace("mind the  lungs", "Measure the oxygen saturation first")

    assert _found(NSAID, extra) == _found(NSAID, "")


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
