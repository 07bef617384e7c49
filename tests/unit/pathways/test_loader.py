"""The real documents with one fault at a time: refused with its code and its line, and nothing else is blamed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from pathways.account import uses_of_statements
from pathways.documents import read_document
from pathways.loader import content_hash, load_pathway
from rules.network import build_network
from schemas.condition import Ref
from schemas.errors import PathwayError
from schemas.pathway import Pathway
from tests.unit.pathways.seeding import Fault, all_told, case, told

NSAID = "treatments/nsaid.md"
RELAXANT = "treatments/muscle-relaxant.md"
REVISION = "treatments/revision-surgery.md"


def refusal(files: dict[str, str]) -> PathwayError:
    with pytest.raises(PathwayError) as caught:
        load_pathway(files)
    return caught.value


def block(kind: str, id: str, **fields: str) -> str:
    """Return a fenced block of a document; `_` in a key stands for a hyphen."""
    lines = (f"{key.replace('_', '-')}: {text}" for key, text in fields.items())
    return "\n".join((f"```{kind} {id}", *lines, "```\n"))


def rule(id: str = "seeded", **fields: str) -> str:
    whole = {"effect": "advise", "when": "smoker", "says": "seeded", "source": "C"} | fields
    return block("rule", id, **{key: text for key, text in whole.items() if text})


def test_the_documents_as_they_are_load_and_say_what_they_were_made_of(
    files: dict[str, str], pathway: Pathway
) -> None:
    loaded = load_pathway(dict(reversed(files.items())))

    assert loaded == pathway
    assert loaded.content_hash == content_hash(files)


SEEDED = "```rule seeded"

RULES = [
    case(
        "a mistyped key in a block", NSAID, "```rule nsaid-first", "when:", "wen: smoker\nwhen:",
        "unknown-key", "`wen`",
    ),
    case(
        "a mistyped fact in a row", NSAID, "| nsaid-allergy |", "| nsaid_allergy |", "| nsaid_alergy |",
        "unknown-fact", "`nsaid_alergy`",
    ),
    case(
        "a mistyped fact in a block", NSAID, "```rule nsaid-first", "purely_neuropathic",
        "purely_neuropathik", "unknown-fact", "`purely_neuropathik`",
    ),
    case(
        "a mistyped setting", NSAID, "| nsaid-older |", "age_older", "age_oldr", "unknown-setting", "`age_oldr`",
    ),
    case(
        "a mistyped treatment", "pairs.md", "| pair-x7-antiplatelet |", "| nsaid |", "| nsaids |",
        "unknown-treatment", "`nsaids`",
    ),
    case(
        "a mistyped medicine", "pairs.md", "| pair-x13-tizanidine |", "| tizanidine |", "| tizanidin |",
        "unknown-medicine", "`tizanidin`",
    ),
    case(
        "a mistyped class of medicines", "pairs.md", "| pair-x7-antiplatelet |", "taking(antiplatelet)",
        "taking(antiplatelets)", "unknown-name", "`taking(antiplatelets)`",
    ),
    case(
        "a mistyped word", NSAID, "| nsaid-severe-heart-failure |", "is severe", "is sever",
        "unknown-word", "`sever`",
    ),
    case(
        "a number compared as a word", NSAID, "| nsaid-older |", "age >= age_older", "age is age_older",
        "wrong-kind", "`age` is not a chosen word",
    ),
    case(
        "a condition that ends too early", NSAID, "| nsaid-older |", "age >= age_older", "age >=",
        "condition-syntax", "ends too early",
    ),
    case(
        "a key of the register nobody knows", NSAID, "| nsaid-allergy |", "V NSAID-MG", "V NSAID-MGX",
        "unknown-source", "`V NSAID-MGX`",
    ),
    case(
        "a key left out after its tag", NSAID, "| nsaid-allergy |", "V NSAID-MG", "V",
        "unknown-source", "`V`",
    ),
    case(
        "a statement the founding document does not have", NSAID, "```rule nsaid-first", "SEED S29",
        "SEED S99", "unknown-source", "`SEED S99`",
    ),
    case(
        "a tag nobody knows", NSAID, "```rule nsaid-option", "; M", "; W", "unknown-tag", "`W`",
    ),
    case(
        "a rule without a source", NSAID, "```rule nsaid-option", "source: SEED S34; M\n", "",
        "uncited", "cites no source",
    ),
    case(
        "a row without a source", NSAID, "| nsaid-ulcer-habits |", "V NSAID-MG", "", "uncited", "cites no source",
    ),
    case(
        "a finding without a source", "scope.md", "```finding in_scope", "source: SEED S4; SEED S9; SEED S10; C\n",
        "", "uncited", "cites no source",
    ),
    case(
        "an id that stands twice", NSAID, "| nsaid-hypertension |", "nsaid-hypertension", "nsaid-allergy",
        "duplicate-id", "`nsaid-allergy` stands twice", told="| nsaid-allergy | caution",
    ),
    case(
        "an id that stands in two documents", "treatments/opioid.md", SEEDED, "", rule("nsaid-allergy"),
        "duplicate-id", "`nsaid-allergy` stands twice", told="```rule nsaid-allergy",
    ),
    case(
        "a finding called like a fact", "scope.md", "```finding", "",
        block("finding", "smoker", when="diabetes", says="seeded", source="C"),
        "duplicate-id", "`smoker` is also a fact or setting", told="```finding smoker",
    ),
    case(
        "a finding called like a setting", "scope.md", "```finding", "",
        block("finding", "age_older", when="diabetes", says="seeded", source="C"),
        "duplicate-id", "`age_older` is also a fact or setting", told="```finding age_older",
    ),
    case(
        "a rule that acts on no treatment", "stages.md", SEEDED, "", rule(effect="block"),
        "no-treatment", "acts on no treatment",
    ),
    case(
        "a rule without a condition", "stages.md", SEEDED, "", rule(when=""), "wrong-value", "`when`",
    ),
    case(
        "a rule that says nothing of its effect", "stages.md", SEEDED, "", rule(effect=""),
        "wrong-value", "`effect`",
    ),
    case(
        "an effect there is not", "stages.md", SEEDED, "", rule(effect="forbid"), "wrong-value", "`effect`",
    ),
    case(
        "an urgency there is not", "stages.md", SEEDED, "", rule(urgency="U9"), "wrong-value", "`urgency`",
    ),
    case(
        "an outcome there is not", "trials.md", "| running |", "| running |", "| runing |",
        "unknown-word", "`runing` is no outcome", told="| runing |",
    ),
    case(
        "a stage there is not", NSAID, "```treatment nsaid", "stage: S1", "stage: S9",
        "unknown-stage", "`S9`",
    ),
    case(
        "a combination with a treatment there is not", "stages.md", "```combination seeded", "",
        block("combination", "seeded", of="nsaid; nothing", says="seeded", source="C"),
        "unknown-treatment", "`nothing`",
    ),
    case(
        "a fence with a mistyped kind", "pairs.md", "```rul seeded", "", rule().replace("```rule", "```rul"),
        "unknown-block", "starts with its kind and its id",
    ),
]  # fmt: skip

SAFETY = [
    case(
        "a red sign without a sign", "red-signs.md", SEEDED, "",
        rule(effect="red-sign", urgency="U1"), "incomplete-red-sign", "needs a known `sign`",
    ),
    case(
        "a red sign nobody knows", "red-signs.md", SEEDED, "",
        rule(effect="red-sign", sign="R99", urgency="U1"), "incomplete-red-sign", "needs a known `sign`",
    ),
    case(
        "a red sign without an urgency", "red-signs.md", "```rule r1-cauda-equina", "urgency: U0\n", "",
        "incomplete-red-sign", "and `urgency`",
    ),
    case(
        "a sign on a rule that does not raise it", "red-signs.md", SEEDED, "",
        rule(effect="cause", sign="R1"), "stray-sign", "neither raises it nor prompts for it",
    ),
    case(
        "a prompt for a sign nobody knows", "red-signs.md", SEEDED, "", rule(sign="R99"),
        "stray-sign", "neither raises it nor prompts for it",
    ),
    case(
        "an exception to a red sign", "red-signs.md", SEEDED, "", rule(overrides="r1-cauda-equina"),
        "red-sign-overridden", "overrides a red sign",
    ),
    case(
        "an exception to a rule there is not", "red-signs.md", SEEDED, "", rule(overrides="nsaid-alergy"),
        "unknown-rule", "`nsaid-alergy`",
    ),
    case(
        "an exception to itself", "red-signs.md", SEEDED, "", rule(overrides="seeded"),
        "cyclic-override", "is an exception to itself",
    ),
    case(
        "revision surgery recommended in its own document", REVISION, SEEDED, "", rule(effect="recommend"),
        "revision-offered", "offers revision surgery",
    ),
    case(
        "revision surgery offered beside others from elsewhere", "stages.md", SEEDED, "",
        rule(effect="consider", on="spinal-cord-stimulation; revision-surgery"),
        "revision-offered", "offers revision surgery",
    ),
]  # fmt: skip

DICTIONARY = [
    case(
        "a mistyped key of a fact", "facts.yaml", "      copd:", "title:", "tite: x, title:", "unknown-key", "`tite`",
    ),
    case(
        "a kind there is not", "facts.yaml", "      copd:", "boolean", "bool", "wrong-value", "`kind`",
    ),
    case(
        "a burden there is not", "facts.yaml", "      egfr:", "blood-test", "blood", "wrong-value", "`burden`",
    ),
    case(
        "a fact name with a capital", "facts.yaml", "      copd:", "copd:", "Copd:", "wrong-value", "`name`",
        told="      Copd:",
    ),
    case(
        "a derivation there is not", "facts.yaml", "  nsaids_taken:", "count-taking", "counting",
        "unknown-derivation", "`counting`",
    ),
    case(
        "a mistyped key of a derivation", "facts.yaml", "  epidural_sessions_12_months:", "within_days",
        "within", "unknown-key", "`within`",
    ),
    case(
        "a derived fact called like a stated one", "facts.yaml", "  nsaids_taken:", "nsaids_taken:",
        "sex:", "unknown-derivation", "`sex`", told="      sex:",
    ),
    case(
        "a fact twice in one section", "facts.yaml", "      copd:", "      copd:",
        "      asthma: {kind: boolean, title: x, ask: x}\n      copd:", "yaml", "`asthma` stands twice",
        told="      asthma: {kind: boolean, title: x",
    ),
    case(
        "a medicine of a class there is not", "medicines.yaml", "  naproxen:", "[nsaid]", "[nsaids]",
        "unknown-class", "`nsaids`",
    ),
    case(
        "a spelling of two medicines", "medicines.yaml", "  naproxen:", "[aleve,", "[advil,",
        "duplicate-spelling", "`advil`",
    ),
    case(
        "a ledger that counts wrongly", "ledger.yaml", "document:", "statements: 62", "statements: 61",
        "ledger", told="# What the founding document says",
    ),
    case(
        "a ledger with an alias", "ledger.yaml", "  - id: S20", "line: 33", "line: &x 33", "yaml-alias",
        told="    line: &x 33",
    ),
]  # fmt: skip

SETTINGS = [
    case(
        "a value above its range", "settings.md", "| review_weeks |", "| 4 |", "| 13 |",
        "setting-range", "`review_weeks`",
    ),
    case(
        "a value that is no number", "settings.md", "| review_weeks |", "| 4 |", "| four |",
        "setting-range", "`review_weeks`",
    ),
    case(
        "a range that is none", "settings.md", "| review_weeks |", "2 to 12", "2-12",
        "setting-range", "`review_weeks`",
    ),
    case(
        "a profile out of range", "profiles/payer.yaml", "  mbb_blocks_needed:", "2", "3",
        "setting-range", "`mbb_blocks_needed`",
    ),
    case(
        "a profile with a setting there is not", "profiles/payer.yaml", "  mbb_blocks_needed:",
        "mbb_blocks_needed", "mbb_block_needed", "unknown-setting", "`mbb_block_needed`",
        told="  mbb_block_needed:",
    ),
]  # fmt: skip


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


# The network: what can only be seen when all conclusions are laid side by side.


def with_finding(pathway: Pathway, id: str, when: Ref) -> Pathway:
    finding = pathway.findings[id].model_copy(update={"when": when})
    return pathway.model_copy(update={"findings": {**pathway.findings, id: finding}})


@pytest.mark.hazard("H-35")
def test_findings_that_rest_on_each_other_in_a_circle_are_refused_with_the_circle(
    pathway: Pathway,
) -> None:
    circular = with_finding(pathway, "weakness_open", Ref(name="neuro_deficit"))

    with pytest.raises(PathwayError) as caught:
        build_network(circular)

    (problem,) = caught.value.problems
    assert problem.code == "circle"
    assert problem.message.endswith("weakness_open -> neuro_deficit -> weakness_open") or (
        problem.message.endswith("neuro_deficit -> weakness_open -> neuro_deficit")
    )
    assert problem.where in {
        str(pathway.findings[id].place) for id in ("weakness_open", "neuro_deficit")
    }


def test_a_finding_that_rests_on_itself_is_refused_on_its_line(pathway: Pathway) -> None:
    with pytest.raises(PathwayError) as caught:
        build_network(with_finding(pathway, "pain_severe", Ref(name="pain_severe")))

    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == (
        "circle",
        str(pathway.findings["pain_severe"].place),
    )


@pytest.mark.parametrize("id", ["in_scope", "assessed"])
def test_a_pathway_without_scope_or_minimum_assessment_is_refused(
    id: str, pathway: Pathway
) -> None:
    findings = {name: finding for name, finding in pathway.findings.items() if name != id}

    with pytest.raises(PathwayError) as caught:
        build_network(pathway.model_copy(update={"findings": findings}))

    assert [p.code for p in caught.value.problems] == ["missing-finding"]


def test_a_conclusion_that_nothing_draws_is_refused(pathway: Pathway) -> None:
    with pytest.raises(PathwayError) as caught:
        build_network(with_finding(pathway, "weakness_open", Ref(name="passed(S9)")))

    (problem,) = caught.value.problems
    assert (problem.code, problem.message) == (
        "unknown-name",
        "nothing is called `passed(S9)`",
    )


# What loads and says nothing is worse than what does not load.


@pytest.mark.hazard("H-26")
@pytest.mark.parametrize(
    "fault",
    [
        case(
            "a mistyped key of a medicine, which loses its classes", "medicines.yaml", "  naproxen:",
            "classes:", "clases:", "unknown-key", "`clases`", told="    clases:",
        ),
        case(
            "a block on a medicine that its treatment does not have, so that it blocks nothing", NSAID, SEEDED, "",
            rule(effect="block", agents="tizanidine"), "unknown-medicine",
        ),
        case(
            "a hold on one medicine, which holds nothing", NSAID, SEEDED, "",
            rule(effect="hold", agents="ibuprofen"), "wrong-value",
        ),
        case(
            "a finding called like a derived fact, which it replaces", "scope.md", "```finding", "",
            block("finding", "lumbar_surgery_for_pain", when="smoker", says="seeded", source="C"),
            "duplicate-id", told="```finding lumbar_surgery_for_pain",
        ),
        case(
            "a stage that waits for a later one, so that nothing ever opens", "stages.md", "```stage S1",
            "title:", "after: S3\ntitle:", "circle", "`S3`",
        ),
        case(
            "a stage that waits for itself", "stages.md", "```stage S2", "after: S1", "after: S2", "circle", "`S2`",
        ),
        case(
            "a stage that waits for one there is not", "stages.md", "```stage S2", "after: S1", "after: S9",
            "circle", "`S9`",
        ),
    ],
)  # fmt: skip
def test_a_fault_that_would_silence_a_rule_is_refused(fault: Fault, files: dict[str, str]) -> None:
    seeded = fault.seed(files)

    all_told(refusal(seeded), fault, seeded)


@pytest.mark.hazard("H-26")
@pytest.mark.parametrize(
    "effect", ["require", "block-unless-justified", "recommend", "consider", "exhaust", "skip"]
)
def test_only_a_block_or_a_caution_can_be_limited_to_single_medicines(
    effect: str, files: dict[str, str]
) -> None:
    fault = Fault(NSAID, SEEDED, "", rule(effect=effect, agents="ibuprofen"), "wrong-value")
    seeded = fault.seed(files)

    all_told(refusal(seeded), fault, seeded)


@pytest.mark.hazard("H-26")
def test_a_table_of_pairs_whose_first_column_is_mistyped_is_refused(files: dict[str, str]) -> None:
    text = files["pairs.md"].replace("| rule | topic |", "| rules | topic |", 1)
    line = next(n for n, t in enumerate(text.splitlines(), start=1) if t.startswith("| rules |"))

    problems = refusal({**files, "pairs.md": text}).problems

    assert ("unknown-block", f"pairs.md:{line}") in told(problems)


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
