"""Codes are checked when they are read: a mistyped, doubled or unmarked one is refused with its line."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pathways.code_formats import FORMATS, luhn_holds, verhoeff_holds
from pathways.codes import read_codes, verified_only
from pathways.yaml_text import read_yaml
from schemas.codes import Code, CodeLists
from schemas.errors import PathwayError
from schemas.facts import FactKind
from schemas.pathway import Pathway
from tests.unit.pathways.seeding import Fault, case, told

CONDITIONS, OBSERVATIONS, PROCEDURES = (
    f"codes/{name}.yaml" for name in ("conditions", "observations", "procedures")
)
SYSTEMS, VALUE_SETS, MEDICINES = "codes/systems.yaml", "codes/value-sets.yaml", "medicines.yaml"


@pytest.fixture(scope="module")
def medicines(files: dict[str, str]) -> Any:
    return read_yaml(files[MEDICINES], MEDICINES)


@pytest.fixture(scope="module")
def lists(files: dict[str, str], medicines: Any, pathway: Pathway) -> CodeLists:
    return read_codes(files, pathway.facts, medicines)


def refusal(files: dict[str, str], pathway: Pathway, medicines: Any = None) -> PathwayError:
    with pytest.raises(PathwayError) as caught:
        read_codes(files, pathway.facts, medicines)
    return caught.value


def every_code(lists: CodeLists) -> Iterator[Code]:
    for concepts in lists.concepts.values():
        for concept in concepts:
            yield from concept.codes
    for named in (lists.medicines, lists.medicine_classes):
        for codes in named.values():
            yield from codes


# The lists as they are shipped.


@pytest.mark.hazard("H-14")
def test_every_shipped_code_has_the_form_and_the_check_digit_of_its_system(
    lists: CodeLists,
) -> None:
    codes = list(every_code(lists))

    assert len(codes) > 400
    assert {code.system for code in codes} == set(FORMATS)
    assert set(lists.concepts) == {"conditions", "observations", "procedures"}


def test_the_lists_hold_what_the_files_hold(files: dict[str, str], lists: CodeLists) -> None:
    for name, concepts in lists.concepts.items():
        text = files[f"codes/{name}.yaml"]
        assert len(concepts) == text.count("\n  - id: ")
        assert sum(len(concept.codes) for concept in concepts) == text.count("- {system: ")
        for concept in concepts:
            line = text.splitlines()[concept.place.line - 1]
            assert (concept.place.file, line) == (f"codes/{name}.yaml", f"  - id: {concept.id}")
    in_medicines = sum(map(len, (*lists.medicines.values(), *lists.medicine_classes.values())))
    assert in_medicines == files[MEDICINES].count("{code: ")
    assert len(lists.value_sets) == files[VALUE_SETS].count("  - id: ")


def test_a_medicine_is_known_by_its_ingredient_its_products_and_its_class(lists: CodeLists) -> None:
    levels = {code.level for code in lists.medicines["methocarbamol"] if code.system == "rxnorm"}

    assert levels == {"ingredient", "product"}
    assert {code.level for code in lists.medicines["ibuprofen"] if code.system == "atc"} == {None}
    assert all(code.prefix for code in lists.medicine_classes["nsaid"])


def test_a_caller_that_has_read_the_medicines_gets_the_same_lists(
    files: dict[str, str], lists: CodeLists, pathway: Pathway
) -> None:
    assert read_codes(files, pathway.facts) == lists


def test_reading_the_lists_is_quick_enough_for_every_load(
    files: dict[str, str], medicines: Any, pathway: Pathway
) -> None:
    began = time.process_time()
    read_codes(files, pathway.facts, medicines)

    assert time.process_time() - began < 1


def test_a_pathway_without_codes_has_empty_lists(files: dict[str, str], pathway: Pathway) -> None:
    assert read_codes({"pathway.md": files["pathway.md"]}, pathway.facts) == CodeLists()


# Marks.


@pytest.mark.hazard("H-14")
def test_a_code_is_verified_when_every_part_of_its_mark_is(
    files: dict[str, str], lists: CodeLists
) -> None:
    marks = {
        name: entry["verified"]
        for name, entry in read_yaml(files[SYSTEMS], SYSTEMS)["marks"].items()
    }

    assert {code.mark for code in every_code(lists)} >= {"UNV", "V2", "C", "V-ICD", "V-ICD/V-VSAC"}
    for code in every_code(lists):
        assert code.verified == all(marks[part] for part in code.mark.split("/"))


@pytest.mark.parametrize(
    ("mark", "verified"),
    [
        pytest.param("V-ICD", True, id="read in a list"),
        pytest.param("V-ICD/V-VSAC", True, id="read in two lists"),
        pytest.param("UNV", False, id="from memory"),
        pytest.param("V-ICD/UNV", False, id="one of two from memory"),
        pytest.param("UNV/V-ICD", False, id="one of two from memory, in the other order"),
        pytest.param("V2", False, id="read in a billing page"),
        pytest.param("C", True, id="our own"),
    ],
)
def test_a_mark_with_a_stroke_is_as_weak_as_its_weakest_part(
    mark: str, verified: bool, files: dict[str, str], medicines: Any, pathway: Pathway
) -> None:
    text = files[CONDITIONS].replace('code: "Z51.5", mark: V-ICD', f'code: "Z51.5", mark: {mark}')
    read = read_codes({**files, CONDITIONS: text}, pathway.facts, medicines)

    (code,) = (code for code in every_code(read) if code.code == "Z51.5")
    assert (code.mark, code.verified) == (mark, verified)


@pytest.mark.hazard("H-14")
def test_unverified_codes_can_be_switched_off_and_no_verified_one_goes_with_them(
    lists: CodeLists,
) -> None:
    kept = verified_only(lists)

    before, after = list(every_code(lists)), list(every_code(kept))
    assert after == [code for code in before if code.verified]
    assert 0 < len(after) < len(before)
    assert all(concept.codes for concepts in kept.concepts.values() for concept in concepts)
    assert all(kept.medicines.values())
    assert "baclofen" in lists.medicines
    assert [code.system for code in kept.medicines["baclofen"]] == ["atc"]
    assert "metaxalone" in kept.medicines
    assert "diazepam" in lists.medicines
    assert "diazepam" not in kept.medicines
    assert verified_only(kept) == kept


# One fault at a time.

FAULTS = [
    case(
        "a digit of a SNOMED CT code mistyped", CONDITIONS, "  - id: low-back-pain", "279039007", "279039008",
        "wrong-check-digit", "`279039008`", told='      - {system: snomed, code: "279039008"',
    ),
    case(
        "two digits of a SNOMED CT code exchanged", CONDITIONS, "  - id: low-back-pain", "279039007",
        "270939007", "wrong-check-digit", "`270939007`", told='      - {system: snomed, code: "270939007"',
    ),
    case(
        "the number of a SNOMED CT description", CONDITIONS, "  - id: low-back-pain", "279039007", "279039019",
        "malformed-code", "SNOMED CT", told='      - {system: snomed, code: "279039019"',
    ),
    case(
        "a SNOMED CT code with a blank", CONDITIONS, "  - id: low-back-pain", "279039007", "279039007 ",
        "malformed-code", "SNOMED CT", told='      - {system: snomed, code: "279039007 "',
    ),
    case(
        "a digit of a LOINC code mistyped", OBSERVATIONS, "  - id: phq-9", "44261-6", "44262-6",
        "wrong-check-digit", "`44262-6`", told='      - {system: loinc, code: "44262-6"',
    ),
    case(
        "two digits of a LOINC code exchanged", OBSERVATIONS, "  - id: phq-9", "44261-6", "44216-6",
        "wrong-check-digit", "`44216-6`", told='      - {system: loinc, code: "44216-6"',
    ),
    case(
        "a LOINC code without its check digit", OBSERVATIONS, "  - id: phq-9", "44261-6", "44261",
        "malformed-code", "LOINC", told='      - {system: loinc, code: "44261"',
    ),
    case(
        "a LOINC code with a long dash", OBSERVATIONS, "  - id: phq-9", "44261-6", "44261\u20136",
        "malformed-code", "LOINC", told='      - {system: loinc, code: "44261\u20136"',
    ),
    case(
        "an ICD-10-CM code without its stop", CONDITIONS, "  - id: palliative-care", "Z51.5", "Z515",
        "malformed-code", "ICD-10-CM", told='      - {system: icd-10-cm, code: "Z515"',
    ),
    case(
        "an ICD-10-CM code in small letters", CONDITIONS, "  - id: palliative-care", "Z51.5", "z51.5",
        "malformed-code", "ICD-10-CM", told='      - {system: icd-10-cm, code: "z51.5"',
    ),
    case(
        "a letter O for a zero", CONDITIONS, "  - id: palliative-care", "Z51.5", "ZO1.5",
        "malformed-code", "ICD-10-CM", told='      - {system: icd-10-cm, code: "ZO1.5"',
    ),
    case(
        "a CPT code of four digits", PROCEDURES, "  - id: mri-lumbar", "72148", "7214",
        "malformed-code", "CPT", told='      - {system: cpt, code: "7214"',
    ),
    case(
        "a code that is no text and has lost its zeros", PROCEDURES, "  - id: mri-lumbar", '"72148"', "72148",
        "malformed-code", "`72148`", told="      - {system: cpt, code: 72148,",
    ),
    case(
        "an ICD-11 code with a letter it never has", CONDITIONS, "  - id: chronic-post-surgical-pain",
        "MG30.21", "MO30.21", "malformed-code", "ICD-11", told='      - {system: icd-11, code: "MO30.21"',
    ),
    case(
        "a local code with a capital", OBSERVATIONS, "  - id: odi-percent", '"odi-percent"', '"ODI-percent"',
        "malformed-code", "codes of this project", told='      - {system: local, code: "ODI-percent"',
    ),
    case(
        "a code that is empty", CONDITIONS, "  - id: palliative-care", '"Z51.5"', '""',
        "malformed-code", "ICD-10-CM", told='      - {system: icd-10-cm, code: "", mark: V-ICD}',
    ),
    case(
        "a system there is not", CONDITIONS, "  - id: palliative-care", "icd-10-cm", "icd-10",
        "unknown-system", "`icd-10`", told='      - {system: icd-10, code: "Z51.5"',
    ),
    case(
        "a code without a mark", CONDITIONS, "  - id: palliative-care", ", mark: V-ICD", "",
        "unmarked-code", "`Z51.5`", told='      - {system: icd-10-cm, code: "Z51.5"',
    ),
    case(
        "a mark there is not", CONDITIONS, "  - id: palliative-care", "V-ICD", "V-ICDX",
        "unknown-mark", "`V-ICDX`", told='      - {system: icd-10-cm, code: "Z51.5"',
    ),
    case(
        "a mark of which one half there is not", CONDITIONS, "  - id: palliative-care", "V-ICD", "V-ICD/W",
        "unknown-mark", "`W`", told='      - {system: icd-10-cm, code: "Z51.5"',
    ),
    case(
        "a fact there is not", CONDITIONS, "  - id: copd", "fact: copd", "fact: coped",
        "unknown-fact", "`coped`", told="    fact: coped",
    ),
    case(
        "a fact that is derived and never stated", CONDITIONS, "  - id: copd", "fact: copd",
        "fact: lumbar_surgery", "unknown-fact", "`lumbar_surgery`", told="    fact: lumbar_surgery",
    ),
    case(
        "a key of a concept there is not", CONDITIONS, "  - id: copd", "fact: copd", "fct: copd",
        "unknown-key", "`fct`", told="    fct: copd",
    ),
    case(
        "a key of a code there is not", CONDITIONS, "  - id: palliative-care", "mark: V-ICD",
        "mark: V-ICD, verified: true", "unknown-key", "`verified`",
        told='      - {system: icd-10-cm, code: "Z51.5"',
    ),
    case(
        "a concept that stands twice", CONDITIONS, "  - id: hiv-disease", "id: hiv-disease", "id: copd",
        "duplicate-id", "`copd`", told="  - id: copd\n    title: HIV",
    ),
    case(
        "a concept without a title", CONDITIONS, "  - id: palliative-care",
        "title: palliative care (excludes)\n    ", "", "wrong-value", "`title`",
    ),
    case(
        "a concept without codes", CONDITIONS, "  - id: palliative-care",
        '\n      - {system: icd-10-cm, code: "Z51.5", mark: V-ICD}', " []", "wrong-shape", "no list of codes",
    ),
    case(
        "a beginning of a SNOMED CT code, which means nothing", CONDITIONS, "  - id: low-back-pain",
        "mark: V-OHDSI", "mark: V-OHDSI, prefix: true", "stray-prefix", "SNOMED CT",
        told='      - {system: snomed, code: "279039007"',
    ),
    case(
        "a beginning that is neither true nor false", CONDITIONS, "  - id: palliative-care", "mark: V-ICD",
        "mark: V-ICD, prefix: perhaps", "wrong-value", "`prefix`",
        told='      - {system: icd-10-cm, code: "Z51.5"',
    ),
    case(
        "an OID with a letter", VALUE_SETS, "  - id: inr", "2.16.840", "2.l6.840",
        "malformed-code", "OID", told='    oid: "2.l6.840',
    ),
    case(
        "an OID of two value sets", VALUE_SETS, "  - id: inr", "2.16.840.1.113883.3.117.1.7.1.213",
        "2.16.840.1.113762.1.4.1045.127", "duplicate-code", "`platelets`",
        told='    oid: "2.16.840.1.113762.1.4.1045.127"\n    mark: V-VSAC\n  - id: egfr',
    ),
    case(
        "a value set without a mark", VALUE_SETS, "  - id: bleeding-disorder", "    mark: V-VSAC\n", "",
        "unmarked-code", "`bleeding-disorder`",
    ),
    case(
        "a system whose codes nobody here can check", SYSTEMS, "  cpt:", "  cpt:",
        "  read:\n    title: Read\n    uri: null\n    mark: M\n  cpt:", "unknown-system", "`read`", told="  read:",
    ),
    case(
        "a system without a mark", SYSTEMS, "  loinc:", "    mark: V\n", "", "unmarked-code", "`loinc`",
    ),
]  # fmt: skip

MEDICINE_FAULTS = [
    case(
        "an RxNorm code with a letter", MEDICINES, "  ibuprofen:", '"5640"', '"564O"',
        "malformed-code", "RxNorm", told='    rxnorm: [{code: "564O"',
    ),
    case(
        "an RxNorm code with a zero before it", MEDICINES, "  ibuprofen:", '"5640"', '"05640"',
        "malformed-code", "RxNorm", told='    rxnorm: [{code: "05640"',
    ),
    case(
        "an ATC code of the wrong shape", MEDICINES, "  ibuprofen:", "M01AE01", "M01AE1",
        "malformed-code", "ATC", told='    atc: [{code: "M01AE1"',
    ),
    case(
        "an ATC group that does not say so", MEDICINES, "  muscle-relaxant:", ", prefix: true", "",
        "malformed-code", "`M03B`", told='    atc: [{code: "M03B", mark: V-ATC}]',
    ),
    case(
        "an ATC group under a letter there is not", MEDICINES, "  muscle-relaxant:", "M03B", "E03B",
        "malformed-code", "`E03B`", told='    atc: [{code: "E03B"',
    ),
    case(
        "a code of two medicines", MEDICINES, "  naproxen:", '"7258"', '"5640"',
        "duplicate-code", "`naproxen`", told='    rxnorm: [{code: "5640", mark: V-PDDI}]\n    atc: [{code: "M01AE02"',
    ),
    case(
        "a code twice of one medicine", MEDICINES, "  carisoprodol:", '"197446"', '"2101"',
        "duplicate-code", "`carisoprodol`", told='    rxnorm: [{code: "2101"',
    ),
    case(
        "a medicine's code without a mark", MEDICINES, "  ibuprofen:", ", mark: V-PDDI", "",
        "unmarked-code", "`5640`", told='    rxnorm: [{code: "5640"}]',
    ),
    case(
        "a medicine's code with a mark there is not", MEDICINES, "  ibuprofen:", "mark: V-PDDI", "mark: X",
        "unknown-mark", "`X`", told='    rxnorm: [{code: "5640", mark: X',
    ),
    case(
        "a level there is not", MEDICINES, "  chlorzoxazone:", "level: product", "level: pack",
        "wrong-value", "`level`", told='    rxnorm: [{code: "2410"',
    ),
    case(
        "a medicine's code with a key there is not", MEDICINES, "  ibuprofen:", "mark: V-PDDI",
        "mrk: V-PDDI, mark: V-PDDI", "unknown-key", "`mrk`", told='    rxnorm: [{code: "5640"',
    ),
    case(
        "one code where a list belongs", MEDICINES, "  ibuprofen:", '[{code: "5640", mark: V-PDDI}]', '"5640"',
        "wrong-shape", "no list of codes",
    ),
]  # fmt: skip


def place(fault: Fault, seeded: dict[str, str]) -> str:
    """Return where *fault* is told; two lines in `told` name a line by what follows it."""
    if "\n" not in fault.told:
        return fault.where(seeded)
    before, found, _ = seeded[fault.file].partition(fault.told)
    assert found
    return f"{fault.file}:{before.count(chr(10)) + 1}"


@pytest.mark.hazard("H-15")
@pytest.mark.parametrize("fault", [*FAULTS, *MEDICINE_FAULTS])
def test_a_code_list_with_one_fault_is_refused_on_the_line_of_the_fault(
    fault: Fault, files: dict[str, str], medicines: Any, pathway: Pathway
) -> None:
    seeded = fault.seed(files)
    error = refusal(seeded, pathway, medicines if fault.file != MEDICINES else None)

    assert (fault.code, place(fault, seeded)) in told(error.problems), told(error.problems)
    assert {problem.where for problem in error.problems} == {place(fault, seeded)}
    assert fault.says in error.problems[0].message
    assert error.problems[0].help


@pytest.mark.hazard("H-15")
@pytest.mark.parametrize(
    ("there", "here", "refused"),
    [
        pytest.param("palliative-care", "palliative-care", True, id="twice in one concept"),
        pytest.param("sacroiliitis", "palliative-care", True, id="in two concepts without a fact"),
        pytest.param("pacemaker-status", "defibrillator-status", True, id="in two concepts of one fact"),
        pytest.param("hiv-disease", "copd", False, id="in two concepts of two facts"),
    ],
)  # fmt: skip
def test_a_code_stands_for_one_thing_or_makes_two_facts_true(
    there: str, here: str, refused: bool, files: dict[str, str], medicines: Any, pathway: Pathway
) -> None:
    text = files[CONDITIONS]
    own = next(line for line in text.split(f"- id: {there}\n")[1].splitlines() if "code:" in line)
    start = text.index("codes:\n", text.index(f"- id: {here}\n")) + len("codes:\n")
    end = text.index("\n", start) + 1
    seeded = {**files, CONDITIONS: text[:end] + own + "\n" + text[end:]}
    if not refused:
        read_codes(seeded, pathway.facts, medicines)
        return
    (problem,) = refusal(seeded, pathway, medicines).problems

    added = text[:end].count("\n") + 1
    first = text.splitlines().index(own) + 1
    assert problem.code == "duplicate-code"
    assert problem.where == f"{CONDITIONS}:{max(first + (first >= added), added)}"
    assert problem.help.startswith(f"the first is in `{there}` at {CONDITIONS}:")


def test_faults_of_several_lists_are_told_together(files: dict[str, str], pathway: Pathway) -> None:
    faults = [FAULTS[0].values[0], FAULTS[4].values[0], MEDICINE_FAULTS[0].values[0]]  # type: ignore[attr-defined]
    seeded = dict(files)
    for fault in faults:
        seeded = fault.seed(seeded)

    problems = refusal(seeded, pathway).problems

    assert told(problems) == {(fault.code, place(fault, seeded)) for fault in faults}


@pytest.mark.hazard("H-36")
def test_codes_without_the_list_of_systems_and_marks_are_refused(
    files: dict[str, str], pathway: Pathway
) -> None:
    left = {name: text for name, text in files.items() if name != SYSTEMS}

    assert told(refusal(left, pathway).problems) == {("missing-document", SYSTEMS)}


@pytest.mark.parametrize("file", [CONDITIONS, SYSTEMS, VALUE_SETS])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("only words\n", id="text"),
        pytest.param("- a\n", id="a list"),
        pytest.param("version: 1\n", id="without entries"),
        pytest.param("entries: 3\nmarks: 3\nsystems: 3\nvalue_sets: 3\n", id="numbers for entries"),
        pytest.param(
            "entries: [3]\nmarks: [3]\nsystems: [3]\nvalue_sets: [3]\n", id="lists of numbers"
        ),
    ],
)
def test_a_list_of_another_shape_is_refused_and_never_read_as_empty(
    file: str, text: str, files: dict[str, str], medicines: Any, pathway: Pathway
) -> None:
    problems = refusal({**files, file: text}, pathway, medicines).problems

    assert ("wrong-shape", f"{file}:1") in told(problems)


@pytest.mark.hazard("H-72")
def test_a_hostile_code_list_is_refused_with_its_line(
    files: dict[str, str], medicines: Any, pathway: Pathway
) -> None:
    seeded = {**files, CONDITIONS: "entries: &a\n  - *a\n", OBSERVATIONS: "entries: !!set {}\n"}

    assert told(refusal(seeded, pathway, medicines).problems) == {
        ("yaml-alias", f"{CONDITIONS}:1"),
        ("yaml-tag", f"{OBSERVATIONS}:1"),
    }


def test_a_list_written_in_another_way_is_read_and_its_faults_are_told(
    files: dict[str, str], pathway: Pathway
) -> None:
    flow = (
        'entries: [{id: a, title: A, fact: copd, codes: [{system: cpt, code: "12345", mark: C}]}]\n'
    )
    own = {SYSTEMS: files[SYSTEMS], "codes/own.yaml": flow}

    (concept,) = read_codes(own, pathway.facts).concepts["own"]
    assert (concept.fact, concept.place.line) == ("copd", 1)
    broken = refusal({**own, "codes/own.yaml": flow.replace("12345", "123")}, pathway)
    assert told(broken.problems) == {("malformed-code", "codes/own.yaml:1")}


# Check digits.


def numbers(pathway_codes: CodeLists, system: str) -> list[str]:
    return sorted({code.code for code in every_code(pathway_codes) if code.system == system})


@pytest.mark.hazard("H-15")
@pytest.mark.parametrize(("system", "holds"), [("snomed", verhoeff_holds), ("loinc", luhn_holds)])
def test_every_single_mistyped_digit_is_noticed(system: str, holds: Any, lists: CodeLists) -> None:
    for code in numbers(lists, system):
        assert holds(code)
        for at, sign in enumerate(code):
            if sign.isdigit():
                for digit in set("0123456789") - {sign}:
                    assert not holds(code[:at] + digit + code[at + 1 :])


@pytest.mark.hazard("H-15")
def test_every_exchange_of_two_neighbouring_digits_of_a_snomed_code_is_noticed(
    lists: CodeLists,
) -> None:
    for code in numbers(lists, "snomed"):
        for at in range(len(code) - 1):
            exchanged = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
            assert exchanged == code or not verhoeff_holds(exchanged)


@pytest.mark.parametrize(("system", "holds"), [("snomed", verhoeff_holds), ("loinc", luhn_holds)])
def test_of_ten_last_digits_one_is_right(system: str, holds: Any) -> None:
    chance = random.Random(7)
    for _ in range(200):
        body = str(chance.randrange(1, 10**7)) + ("-" if system == "loinc" else "")
        assert sum(holds(f"{body}{digit}") for digit in range(10)) == 1


# What a code settles.


def test_a_coded_condition_settles_a_yes_no_fact_or_a_sign_and_three_facts_need_a_further_word(
    lists: CodeLists, pathway: Pathway
) -> None:
    settled = {FactKind.BOOLEAN, FactKind.SIGN}
    further = {
        concept.fact
        for concept in lists.concepts["conditions"]
        if concept.fact and pathway.facts[concept.fact].kind not in settled
    }

    # The code says that it is there, not how severe it is or when it was: that must be asked.
    assert further == {"heart_failure", "bariatric_surgery", "opioid_use_disorder"}


def test_a_coded_measurement_gives_a_number_except_that_of_pregnancy(
    lists: CodeLists, pathway: Pathway
) -> None:
    numbers = {FactKind.INTEGER, FactKind.DECIMAL}
    others = {
        concept.id
        for concept in lists.concepts["observations"]
        if concept.fact and pathway.facts[concept.fact].kind not in numbers
    }

    assert others == {"pregnancy-status"}
