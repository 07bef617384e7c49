"""The ledger accounts for every sentence of its document, on a document about a lighthouse."""

from typing import Any

import pytest
from pydantic import ValidationError

from rules.ledger import compare, fingerprint, split_sentences
from schemas.ledger import Ledger, StatementClass

LIGHTHOUSE = """\
The Lighthouse of Oren Bay

The lamp is lit at dusk. Ships (e.g. trawlers) keep two miles off!

Keepers

Three keepers share the watch; nobody sails in fog.
"""


def ledger(**changed: Any) -> Ledger:
    """A complete ledger of the lighthouse, with some of its parts *changed*."""
    return Ledger.model_validate(
        {
            "document": {
                "title": "A page about a lighthouse",
                "statements": 3,
                "normalisation": "words only",
            },
            "statements": [
                statement("S1", 3, "The lamp is lit at dusk."),
                statement("S2", 3, "Ships (e.g. trawlers) keep two miles off!"),
                statement("S3", 7, "Three keepers share the watch; nobody sails in fog."),
            ],
            "headings": [heading(1, "The Lighthouse of Oren Bay"), heading(5, "Keepers")],
        }
        | changed
    )


def statement(name: str, line: int, *sentences: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "line": line,
        "class": "rule",
        "says": "what it says, in other words",
        "becomes": ["a rule of the harbour"],
        "fingerprints": [fingerprint(sentence) for sentence in sentences],
    } | more


def heading(line: int, words: str) -> dict[str, Any]:
    return {"line": line, "fingerprint": fingerprint(words)}


def document(statements: int) -> dict[str, Any]:
    return {"title": "A page", "statements": statements, "normalisation": "words only"}


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        pytest.param("", [], id="an empty text has no sentence"),
        pytest.param("One. Two? Three!", ["One.", "Two?", "Three!"], id="each of . ? ! ends one"),
        pytest.param("A title", ["A title"], id="a line without a mark is one sentence"),
        pytest.param("It costs 9.4 crowns. Pay.", ["It costs 9.4 crowns.", "Pay."], id="decimals"),
        pytest.param("Take fruit (i.e. plums) home.", ["Take fruit (i.e. plums) home."], id="i.e."),
        pytest.param("Ask Dr. Moor. Wait.", ["Ask Dr. Moor.", "Wait."], id="a doctor is no end"),
        pytest.param("Rope, oil, etc. are kept.", ["Rope, oil, etc. are kept."], id="etc. within"),
        pytest.param(
            "Rope, oil, etc. All is kept.", ["Rope, oil, etc.", "All is kept."], id="etc."
        ),
        pytest.param("“Stop!” She left.", ["“Stop!”", "She left."], id="a quote belongs to it"),
        pytest.param("Really?! Yes...", ["Really?!", "Yes..."], id="several marks are one end"),
        pytest.param("Done. — … *", ["Done."], id="marks alone are no sentence"),
    ],
)
def test_a_line_is_split_into_its_sentences(text: str, sentences: list[str]) -> None:
    assert [sentence.text for sentence in split_sentences(text)] == sentences


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
def test_sentences_carry_the_line_they_stand_on_whatever_ends_a_line(end: str) -> None:
    found = split_sentences(end.join(["One. Two.", "", "Three"]))

    assert [sentence.line for sentence in found] == [1, 1, 3]


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param("don't  touch THE lamp", id="case, blanks and quotes"),
        pytest.param("\ufeffDon’t touch the lamp.", id="a byte order mark and a curly quote"),
        pytest.param("Don’t touch—the lamp!", id="dashes"),
        pytest.param("Don't touch_the lamp", id="underlining"),
        pytest.param("Don’t touch the \uff4c\uff41\uff4d\uff50.", id="wide letters"),
    ],
)
def test_typography_does_not_change_a_fingerprint(copy: str) -> None:
    assert fingerprint(copy) == fingerprint("Don’t touch the lamp.")


@pytest.mark.parametrize("changed", ["Do touch the lamp.", "Don’t touch the lamps.", "lamp"])
def test_every_word_counts_in_a_fingerprint(changed: str) -> None:
    assert fingerprint(changed) != fingerprint("Don’t touch the lamp.")


def test_a_fingerprint_is_the_start_of_a_sha_256_of_the_plain_words() -> None:
    # printf 'the lamp is lit at dusk' | sha256sum
    assert fingerprint("The lamp is lit at dusk.") == "3399becf917b7a54"


def test_a_faithful_copy_is_fully_accounted_for() -> None:
    report = compare(ledger(), LIGHTHOUSE)

    assert report.complete
    assert report.accounted == ("S1", "S2", "S3")
    assert report.moved == ()


def test_a_changed_word_makes_its_statement_missing_and_the_new_sentence_unaccounted() -> None:
    report = compare(ledger(), LIGHTHOUSE.replace("two miles", "ten miles"))

    assert report.missing == ("S2",)
    assert report.accounted == ("S1", "S3")
    assert [(u.line, u.fingerprint) for u in report.unaccounted] == [
        (3, fingerprint("Ships (e.g. trawlers) keep ten miles off!"))
    ]
    assert not report.complete


def test_a_removed_sentence_is_missing_and_nothing_is_unaccounted() -> None:
    report = compare(ledger(), LIGHTHOUSE.replace("The lamp is lit at dusk. ", ""))

    assert report.missing == ("S1",)
    assert report.unaccounted == ()


def test_an_added_sentence_is_unaccounted_and_its_words_are_not_repeated() -> None:
    report = compare(ledger(), LIGHTHOUSE + "Visitors may climb the tower.\n")

    assert [u.line for u in report.unaccounted] == [8]
    assert "Visitors" not in report.model_dump_json()


def test_a_changed_heading_is_reported_by_its_line() -> None:
    report = compare(ledger(), LIGHTHOUSE.replace("Keepers\n", "Guardians\n"))

    assert report.missing == ()
    assert report.missing_headings == (5,)
    assert [u.line for u in report.unaccounted] == [5]


def test_a_statement_on_another_line_has_moved_but_is_accounted_for() -> None:
    report = compare(ledger(), "\n\n" + LIGHTHOUSE)

    assert report.complete
    assert [(m.id, m.ledger_line, m.line) for m in report.moved] == [
        ("S1", 3, 5),
        ("S2", 3, 5),
        ("S3", 7, 9),
    ]


def test_a_copy_without_any_sentence_leaves_everything_missing() -> None:
    report = compare(ledger(), " \n\n")

    assert report.missing == ("S1", "S2", "S3")
    assert report.missing_headings == (1, 5)


def test_a_sentence_repeated_on_another_line_needs_an_entry_of_its_own() -> None:
    again = LIGHTHOUSE + "The lamp is lit at dusk.\n"

    assert [u.line for u in compare(ledger(), again).unaccounted] == [8]
    twice = ledger(
        headings=[
            heading(1, "The Lighthouse of Oren Bay"),
            heading(5, "Keepers"),
            heading(8, "The lamp is lit at dusk."),
        ]
    )
    assert compare(twice, again).complete


def test_a_twin_on_its_own_line_is_not_taken_by_one_that_was_removed() -> None:
    twins = Ledger.model_validate(
        {
            "document": document(2),
            "statements": [statement("S1", 1, "Ring it."), statement("S2", 3, "Ring it.")],
        }
    )

    report = compare(twins, "Wait.\n\nRing it.\n")

    assert report.missing == ("S1",)
    assert report.accounted == ("S2",)


def test_a_statement_of_two_sentences_is_missing_when_either_is() -> None:
    both = Ledger.model_validate(
        {"document": document(1), "statements": [statement("S1", 1, "Row out.", "Row back.")]}
    )

    assert compare(both, "Row out. Row back.").complete
    assert compare(both, "Row out. Stay.").missing == ("S1",)


def test_one_sentence_may_carry_two_statements_that_name_each_other() -> None:
    shared = Ledger.model_validate(
        {
            "document": document(2),
            "statements": [
                statement("S1", 1, "Row and sail.", shared_with=["S2"]),
                statement("S2", 1, "Row and sail.", shared_with=["S1"]),
            ],
        }
    )

    assert compare(shared, "Row and sail.").accounted == ("S1", "S2")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        pytest.param({"document": document(4)}, "`4` statements", id="the count is wrong"),
        pytest.param(
            {
                "statements": [
                    statement("S1", 3, "A"),
                    statement("S1", 4, "B"),
                    statement("S2", 5, "C"),
                ]
            },
            "`S1` stands twice",
            id="an id stands twice",
        ),
        pytest.param(
            {
                "statements": [
                    statement("S1", 3, "A"),
                    statement("S2", 3, "A"),
                    statement("S3", 5, "C"),
                ]
            },
            "`S1` and `S2` claim the same sentence",
            id="two claim one sentence without saying so",
        ),
        pytest.param(
            {"headings": [heading(3, "The lamp is lit at dusk.")]},
            "is a heading and `S1`",
            id="a statement is also a heading",
        ),
        pytest.param(
            {"headings": [{"line": 1, "fingerprint": "The Lighthouse"}]},
            "should match pattern",
            id="words stand in place of a fingerprint",
        ),
        pytest.param({"quotes": []}, "not permitted", id="the ledger quotes"),
    ],
)
def test_a_ledger_that_accounts_twice_or_quotes_does_not_load(
    changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        ledger(**changes)


def test_a_statement_is_written_with_its_class_as_in_the_document() -> None:
    first = ledger().statements[0]

    assert first.kind is StatementClass.RULE
    assert first.model_dump()["class"] == "rule"
