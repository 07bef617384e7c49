"""Two versions compared, as a reviewer reads them: what is said differently, for whom, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.documents_report import diff_report
from api.library import get_vignettes
from api.page.changed import MOST_NAMED
from api.page.compared import FORMAT, compared
from api.page.upload import MOST_BYTES
from rules.comparing.text import version_text
from rules.decide import Decider
from rules.versions import compare_versions
from schemas.errors import InputError
from schemas.pathway import Pathway
from schemas.versions import FieldChange, LookChange, PartChange, VersionReport
from tests.unit.page.reading import foreign_markup, page_text, plain_text

ADDRESS = "/author/versions"
HOSTILE = "</pre><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def report(pathway: Pathway, decider: Decider) -> VersionReport:
    """The shipped documents beside some with a higher threshold, one rule less and one more."""
    severe = pathway.settings["pain_severe_nrs"]
    rules = dict(pathway.rules)
    gone = rules.pop("nsaid-pregnancy-advice")
    rules["nsaid-first"] = rules["nsaid-first"].model_copy(update={"says": "comes second"})
    rules["brand-new"] = gone.model_copy(update={"id": "brand-new"})
    new = pathway.model_copy(
        update={
            "version": "next",
            "content_hash": "0" * 64,
            "rules": rules,
            "settings": {
                **pathway.settings,
                "pain_severe_nrs": severe.model_copy(update={"value": severe.value + 1}),
            },
        }
    )
    cases = get_vignettes("fbss")
    return compare_versions(pathway, new, decider, Decider(new, "test"), cases)


def sent(client: TestClient, text: str, status: int = 200, path: str = ADDRESS) -> str:
    answer = client.post(path, files={"file": ("c.json", text.encode(), "application/json")})
    assert answer.status_code == status
    return answer.text


def test_every_change_of_the_documents_is_shown_with_old_and_new_words(
    client: TestClient, report: VersionReport
) -> None:
    html = sent(client, report.model_dump_json())
    text = page_text(html)
    assert {"pathway", "rule", "setting"} <= {part.part for part in report.parts}
    for part in report.parts:
        assert f"{part.part} {part.id}" in text
        for field in part.fields:
            for said in (field.before, field.after):
                assert field.field == "id" or plain_text(said) in text
    assert foreign_markup(html) == []


def test_a_changed_threshold_stands_old_beside_new_marked_by_more_than_colour(
    client: TestClient, report: VersionReport
) -> None:
    html = sent(client, report.model_dump_json())
    change = next(each for each in report.parts if each.part == "setting").fields[0]
    assert f"<del>{change.before}</del>" in html
    assert f"<ins>{change.after}</ins>" in html


def test_added_removed_and_changed_are_words_and_signs(
    client: TestClient, report: VersionReport
) -> None:
    text = page_text(sent(client, report.model_dump_json()))
    for word in ("+ added rule brand-new", "\u2212 removed rule nsaid-pregnancy-advice"):
        assert word in text
    assert "\u2260 changed rule nsaid-first" in text


def test_every_patient_answered_differently_is_named_before_and_after(
    client: TestClient, report: VersionReport, pathway: Pathway
) -> None:
    text = page_text(sent(client, report.model_dump_json()))
    changed = [each for each in report.looks if each.change.differs]
    assert changed
    for each in changed:
        assert plain_text(f"{each.vignette} : {each.title} ({each.look})") in text
        for shift in each.change.verdicts:
            assert plain_text(pathway.treatments[shift.treatment].title) in text
    for each in report.looks:
        assert each.vignette.casefold() in text


def test_it_says_which_of_the_two_are_the_documents_of_this_service(
    client: TestClient, report: VersionReport
) -> None:
    text = page_text(sent(client, report.model_dump_json()))
    assert text.count("✔ the documents of this service") == 1
    assert text.count("✕ other documents than here") == 1


def test_a_comparison_of_another_pathway_is_shown_and_said_to_be_one(
    client: TestClient, report: VersionReport
) -> None:
    other = report.old.model_copy(update={"pathway": "knee"})
    found = report.model_copy(update={"old": other, "new": other})
    assert "it is about another pathway" in page_text(sent(client, found.model_dump_json()))
    assert "another pathway" not in page_text(sent(client, report.model_dump_json()))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not-json"),
        ("{", "not-json"),
        ("[]", "not-a-comparison"),
        (json.dumps({"format": FORMAT, "old": HOSTILE}), "not-a-comparison"),
        (json.dumps({"format": FORMAT, HOSTILE: 1}), "not-a-comparison"),
        (json.dumps({"format": "steppedcare-comparison/0"}), "other-format"),
        (json.dumps({"statements": [], "solver": "z3"}), "not-a-comparison"),
        ('{"a": 1, "a": 2}', "duplicate-key"),
        ("[" * 40 + "]" * 40, "too-deep"),
    ],
    ids=["empty", "cut", "list", "hostile", "key", "old", "certificate", "twice", "deep"],
)
def test_what_is_no_comparison_is_refused_with_a_way_out_and_without_repeating_it(
    text: str, code: str, client: TestClient
) -> None:
    html = sent(client, text, 422)
    assert "this comparison cannot be read" in page_text(html)
    assert f'data-code="{code}"' in html
    assert "alert(1)" not in html
    assert 'action="/author/versions#read"' in html


def test_nothing_in_a_comparison_becomes_markup(client: TestClient, report: VersionReport) -> None:
    field = FieldChange(field=HOSTILE, before=HOSTILE, after=f"{HOSTILE} {HOSTILE}")
    part = PartChange(
        part=HOSTILE, id=HOSTILE, kind="changed", place=HOSTILE, fields=(field,), read_by=(HOSTILE,)
    )
    change = report.looks[0].change.model_copy(update={"signs_gained": (HOSTILE,)})
    look = LookChange(vignette=HOSTILE, look=HOSTILE, title=HOSTILE, change=change)
    name = report.new.model_copy(update={"pathway": HOSTILE, "version": HOSTILE})
    found = report.model_copy(update={"parts": (part,), "looks": (look,), "new": name})
    html = sent(client, found.model_dump_json())
    assert foreign_markup(html) == []
    assert "<script>alert" not in html


def test_a_file_and_pasted_text_are_read_the_same(
    client: TestClient, report: VersionReport
) -> None:
    text = report.model_dump_json()
    pasted = client.post(ADDRESS, data={"pasted": text})
    both = client.post(ADDRESS, data={"pasted": "x"}, files={"file": ("a", text, "text/plain")})
    assert pasted.text == both.text == sent(client, text)


def test_a_file_over_the_limit_is_refused(client: TestClient) -> None:
    assert f"over {MOST_BYTES // 1024} kib" in page_text(
        sent(client, " " * 9 + '{"a": "' + "x" * MOST_BYTES + '"}', 422)
    )
    assert (
        client.post(
            ADDRESS,
            content=b"x" * (4 * MOST_BYTES),
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        ).status_code
        == 413
    )


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b\r\n--b--"),
        ("multipart/form-data; boundary=b", b"--b\r\nno blank line\r\n--b--"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n" * 50 + b"--b--"),
    ],
)
def test_what_is_not_a_form_is_told_on_a_page(media: str, body: bytes, client: TestClient) -> None:
    answer = client.post(ADDRESS, content=body, headers={"Content-Type": media})
    assert answer.status_code == 422
    assert "not a form of this page" in page_text(answer.text)


def test_a_thousand_changes_are_told_or_named_or_counted_and_the_page_stays_light(
    client: TestClient, report: VersionReport, pathway: Pathway
) -> None:
    rule = next(each for each in report.parts if each.part == "rule")
    many = tuple(
        rule.model_copy(
            update={
                "id": f"rule-{at}",
                "fields": (FieldChange(field="says", before="x" * 300, after="y" * 300),),
            }
        )
        for at in range(1_000)
    )
    looks = (report.looks * 400)[:1_500]
    html = sent(client, report.model_copy(update={"parts": many, "looks": looks}).model_dump_json())
    assert len(html.encode()) < 200_000
    told, named = (
        html.count('<article class="change c-'),
        len(re.findall(r"rule rule-\d+[,.]", html)),
    )
    (left,) = re.findall(r"and (\d+) more\. <code>steppedcare diff", html)
    assert (named, told + named + int(left)) == (MOST_NAMED, 1_000)
    shown = compared(report.model_copy(update={"looks": looks}), pathway)
    listed = sum(len(each.looks) for each in shown.differences) + len(shown.reasons_only)
    assert listed + shown.looks_left == len(looks)
    assert shown.looks_left > 0


def test_the_command_keeps_what_the_page_reads(
    client: TestClient, tmp_path: Path, pathway: Pathway
) -> None:
    folder = Path(__file__).parents[3] / "pathways" / "fbss"
    kept = tmp_path / "comparison.json"
    lines, result, good = diff_report(
        str(folder), str(folder), None, dt.date(2026, 3, 1), str(kept)
    )
    read = VersionReport.model_validate_json(kept.read_bytes())
    assert good
    assert version_text(read) == "\n".join([*lines, result]) + "\n"
    text = page_text(sent(client, kept.read_text(encoding="utf-8")))
    assert "the documents say the same" in text
    assert "nobody is" in text


def test_a_comparison_that_cannot_be_kept_is_known_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        diff_report("nowhere", "nowhere", None, dt.date(2026, 3, 1), str(tmp_path / "no" / "f"))
    assert refused.value.code == "cannot-write"
