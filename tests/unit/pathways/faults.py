"""Single faults for the real documents: in rules, in what keeps patients safe, in the dictionary, in settings."""

from __future__ import annotations

from tests.unit.pathways.seeding import block, case, rule

NSAID = "treatments/nsaid.md"
RELAXANT = "treatments/muscle-relaxant.md"
REVISION = "treatments/revision-surgery.md"
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
