"""The real documents with one fault at a time: refused with its code and its line, and nothing else is blamed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from pathways.account import uses_of_statements
from pathways.documents import read_document
from pathways.loader import content_hash, load_pathway
from schemas.errors import PathwayError
from schemas.pathway import Pathway
from tests.unit.pathways.faults import DICTIONARY, NSAID, RULES, SAFETY, SETTINGS
from tests.unit.pathways.seeding import Fault, all_told, block, case, refusal, rule, told


def test_the_documents_as_they_are_load_and_say_what_they_were_made_of(
    files: dict[str, str], pathway: Pathway
) -> None:
    loaded = load_pathway(dict(reversed(files.items())))

    assert loaded == pathway
    assert loaded.content_hash == content_hash(files)


@pytest.mark.hazard("H-35")
@pytest.mark.parametrize("fault", [*RULES, *DICTIONARY, *SETTINGS])
def test_a_document_with_one_fault_is_refused_on_the_line_of_the_fault(
    fault: Fault, files: dict[str, str]
) -> None:
    seeded = fault.seed(files)

    all_told(refusal(seeded), fault, seeded)


@pytest.mark.hazard("H-23")
@pytest.mark.parametrize("fault", SAFETY)
def test_no_document_can_weaken_a_red_sign_or_offer_revision_surgery(
    fault: Fault, files: dict[str, str]
) -> None:
    seeded = fault.seed(files)

    all_told(refusal(seeded), fault, seeded)


@pytest.mark.hazard("H-35")
def test_a_mistyped_column_is_told_for_every_row_that_fills_it(files: dict[str, str]) -> None:
    seeded = dict(files)
    seeded["scope.md"] = seeded["scope.md"].replace("| topic | source |", "| topik | source |", 1)
    rows = [
        f"scope.md:{number}"
        for number, line in enumerate(seeded["scope.md"].splitlines(), start=1)
        if line.startswith("| scope-")
    ]

    assert len(rows) > 1
    assert told(refusal(seeded).problems) == {("unknown-key", row) for row in rows}


def test_two_rules_that_are_exceptions_to_each_other_are_both_told(files: dict[str, str]) -> None:
    text = (
        files["scope.md"] + rule("one", overrides="other") + "\n" + rule("other", overrides="one")
    )
    lines = text.splitlines()

    problems = refusal({**files, "scope.md": text}).problems

    assert told(problems) == {
        ("cyclic-override", f"scope.md:{lines.index('```rule one') + 1}"),
        ("cyclic-override", f"scope.md:{lines.index('```rule other') + 1}"),
    }


@pytest.mark.hazard("H-36")
@pytest.mark.parametrize("file", ["facts.yaml", "medicines.yaml", "sources.yaml", "ledger.yaml"])
def test_a_document_that_is_missing_is_named(file: str, files: dict[str, str]) -> None:
    error = refusal({name: text for name, text in files.items() if name != file})

    assert told(error.problems) == {("missing-document", file)}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text + block("pathway", "other", title="x"), id="two of them"),
        pytest.param(lambda text: text.replace("```pathway fbss", "```"), id="none"),
    ],
)
def test_there_is_one_block_that_heads_the_pathway(
    change: Callable[[str], str], files: dict[str, str]
) -> None:
    error = refusal({**files, "pathway.md": change(files["pathway.md"])})

    assert ("no-pathway", "pathway.md") in told(error.problems)


def test_the_head_of_the_pathway_must_say_who_reviewed_it(files: dict[str, str]) -> None:
    head = files["pathway.md"].replace("reviewer: none named yet\n", "")
    line = head.splitlines().index("```pathway fbss") + 1

    error = refusal({**files, "pathway.md": head})

    assert told(error.problems) == {("incomplete-pathway", f"pathway.md:{line}")}


@pytest.mark.hazard("H-35")
def test_a_rule_of_the_founding_document_that_nothing_cites_any_longer_is_named(
    files: dict[str, str], pathway: Pathway
) -> None:
    places = {
        key: [
            (name, found)
            for name, text in files.items()
            if name.endswith(".md")
            for found in re.finditer(rf"SEED {key}\b", text)
        ]
        for key in uses_of_statements(pathway)
    }
    key, ((name, found),) = next(item for item in sorted(places.items()) if len(item[1]) == 1)
    text = files[name]
    seeded = {**files, name: text[: found.start()] + "C" + text[found.end() :]}

    (problem,) = refusal(seeded).problems

    assert problem.code == "unaccounted-statement"
    assert problem.message == f"statement {key} carries a rule, but nothing cites it"
    assert problem.where.startswith("ledger.yaml")


def test_faults_of_several_documents_are_told_together(files: dict[str, str]) -> None:
    faults = [
        RULES[1].values[0],  # type: ignore[attr-defined]
        RULES[4].values[0],  # type: ignore[attr-defined]
        SAFETY[2].values[0],  # type: ignore[attr-defined]
        SETTINGS[3].values[0],  # type: ignore[attr-defined]
        RULES[-2].values[0],  # type: ignore[attr-defined]
    ]
    seeded = dict(files)
    for fault in faults:
        seeded = fault.seed(seeded)

    problems = refusal(seeded).problems

    assert {(fault.code, fault.where(seeded)) for fault in faults} <= told(problems)
    assert {p.where for p in problems} == {fault.where(seeded) for fault in faults}


def test_faults_of_several_lists_are_told_together(files: dict[str, str]) -> None:
    faults = [DICTIONARY[n].values[0] for n in (1, 8, 10)]  # type: ignore[attr-defined]
    seeded = dict(files)
    for fault in faults:
        seeded = fault.seed(seeded)

    assert told(refusal(seeded).problems) == {(f.code, f.where(seeded)) for f in faults}


@pytest.mark.hazard("H-72")
def test_a_hostile_document_among_good_ones_is_refused_with_its_line(files: dict[str, str]) -> None:
    evil = (
        "# Evil\n\n```rule evil\nwhen: &a [x, x]\nsays: [*a, *a]\n```\n\n"
        "```rule worse\nwhen: !!python/name:os.system\n```\n"
    )

    problems = refusal({**files, "evil.md": evil}).problems

    assert told(problems) == {("yaml-alias", "evil.md:4"), ("yaml-tag", "evil.md:9")}


@pytest.mark.hazard("H-36")
def test_the_content_hash_changes_with_every_document_and_not_with_its_line_ends(
    files: dict[str, str],
) -> None:
    shipped = content_hash(files)

    assert content_hash({n: t.replace("\n", "\r\n") for n, t in files.items()}) == shipped
    assert content_hash(dict(reversed(files.items()))) == shipped
    for name, text in files.items():
        assert content_hash({**files, name: text + "x"}) != shipped

    # What is moved from one document to the next is another text, and so is a document of another name.
    moved = {**files, "scope.md": files["scope.md"] + "x", "settings.md": files["settings.md"]}
    other = {**files, "settings.md": "x" + files["settings.md"]}
    assert sorted(files)[sorted(files).index("scope.md") + 1] == "settings.md"
    assert content_hash(moved) != content_hash(other)
    renamed = {("scopf.md" if n == "scope.md" else n): t for n, t in files.items()}
    assert content_hash(renamed) != shipped


@pytest.mark.hazard("H-36")
@pytest.mark.parametrize(
    "sign",
    [
        pytest.param("\u2028", id="a line separator"),
        pytest.param("\u2029", id="a paragraph separator"),
        pytest.param("\x0b", id="a vertical tabulator"),
        pytest.param("\x0c", id="a form feed"),
        pytest.param("\x85", id="a next-line sign"),
    ],
)
def test_rows_joined_by_a_sign_that_only_looks_like_a_line_end_are_refused_and_change_the_hash(
    sign: str, files: dict[str, str]
) -> None:
    text = files["pairs.md"]
    joined = text.replace("\n| pair-x7", f"{sign}| pair-x7", 1)

    assert joined != text
    with pytest.raises(PathwayError, match="more cells"):
        read_document(joined, "pairs.md")
    assert content_hash({**files, "pairs.md": joined}) != content_hash(files)


@pytest.mark.hazard("H-72")
@pytest.mark.parametrize(
    "fault",
    [
        case(
            "a setting with two signs", "settings.md", "| review_weeks |", "| 4 |", "| --4 |", "setting-range",
        ),
        case(
            "a setting that is a raised digit", "settings.md", "| review_weeks |", "| 4 |", "| \u00b2 |",
            "setting-range",
        ),
        case(
            "a factor in words", "medicines.yaml", "  oxycodone:", "mme_factor: 1.5", "mme_factor: many",
            "wrong-value",
        ),
        case(
            "a number of five thousand digits", NSAID, "```rule nsaid-first", "says:",
            f"topic: {'9' * 5000}\nsays:", "yaml",
        ),
    ],
)  # fmt: skip
def test_no_document_makes_the_loader_fail_without_a_place(
    fault: Fault, files: dict[str, str]
) -> None:
    seeded = fault.seed(files)
    problems = refusal(seeded).problems

    assert fault.code in {
        problem.code for problem in problems if problem.where.startswith(fault.file)
    }
