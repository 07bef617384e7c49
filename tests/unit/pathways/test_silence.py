"""What loads and says nothing is worse than what does not load: faults that would silence a rule."""

from __future__ import annotations

import pytest

from tests.unit.pathways.faults import NSAID, SEEDED
from tests.unit.pathways.seeding import Fault, all_told, block, case, refusal, rule, told


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
