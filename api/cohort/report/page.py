"""The report as one page of HTML: no script, nothing from elsewhere; each plot with its text and its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path

from api.cohort import report as package
from api.cohort.manifest import Manifest
from api.cohort.report.charts import bars, flow, stacked
from api.cohort.report.counts import MOST_QUESTIONS, MOST_RULES, Counts, count, open_run, scan
from api.cohort.report.words import MEANINGS, STATES, VERDICTS, percent, thousands
from schemas.pathway import URGENCY_WORDS, Pathway, Urgency


@dataclass(frozen=True)
class Section:
    """One part of the page: a heading, what the reader should see, a plot and the table it was drawn from."""

    id: str
    title: str
    says: str
    plot: str
    table: str


def write_report(pathway: Pathway, folder: Path, before: Path | None) -> str:
    """Return the page for the run in *folder*, compared with an earlier one in *before*.

    Raises InputError when a folder holds no finished run.
    """
    manifest = open_run(folder)
    earlier = None if before is None else open_run(before)
    then = None if before is None or earlier is None else scan(before, earlier)
    counts = count(pathway, scan(folder, manifest), then)
    return page(pathway, manifest, counts, earlier)


def page(
    pathway: Pathway, manifest: Manifest, counts: Counts, earlier: Manifest | None = None
) -> str:
    """Return the page that shows *counts*."""
    about = manifest.about
    sections = [
        _states(counts), _urgencies(counts), _signs(pathway, counts), _verdicts(pathway, counts),
        _blocks(pathway, counts), _questions(pathway, counts),
    ]  # fmt: skip
    if counts.flow is not None:
        sections.append(_flow(counts, earlier))
    style = resources.files(package).joinpath("style.css").read_text(encoding="utf-8")
    title = f"Cohort report: {thousands(counts.patients)} patients"
    synthetic = ""
    if about["synthetic"] or (earlier is not None and earlier.about["synthetic"]):
        synthetic = '<p class="label" role="note"><strong>Synthetic data.</strong> Nobody of these people exists.</p>'
    links = "".join(f'<li><a href="#{each.id}">{escape(each.title)}</a></li>' for each in sections)
    body = "".join(
        f'<section id="{each.id}" aria-labelledby="h-{each.id}"><h2 id="h-{each.id}">{escape(each.title)}</h2>'
        f'<p>{each.says}</p><figure tabindex="0" aria-label="{escape(each.title)}, drawn">{each.plot}</figure>'
        f"{each.table}</section>"
        for each in sections
    )
    caveats = "".join(f"<li>{escape(each)}</li>" for each in about["caveats"])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style}</style></head><body>"
        f"<header><h1>{title}</h1><p>{escape(pathway.title)}</p>{synthetic}</header><main>"
        f'<section aria-labelledby="h-summary"><h2 id="h-summary">Summary</h2>{_summary(manifest, counts)}</section>'
        f'<nav aria-label="Parts of this page"><ul>{links}</ul></nav>{body}</main>'
        f"<footer><h2>What has to be known when reading this</h2><ul>{caveats}</ul></footer></body></html>\n"
    )


def _summary(manifest: Manifest, counts: Counts) -> str:
    about, whole = manifest.about, counts.patients
    settings = about["settings"]["profile"]
    on = about["on"]["date"] + (" (or the date of the record)" if about["on"]["own"] else "")
    signed, assessed = counts.states.get("red-sign", 0), counts.states.get("needs-assessment", 0)
    offers = sum(counts.states.get(state, 0) for state in ("S1", "S2", "S3"))
    rows = [
        ("Patients decided", thousands(whole)),
        ("With an open red sign", f"{thousands(signed)} ({percent(signed, whole)})"),
        ("In a stage of treatment", f"{thousands(offers)} ({percent(offers, whole)})"),
        ("Waiting for assessment", f"{thousands(assessed)} ({percent(assessed, whole)})"),
        ("Left out (see errors.ndjson)", thousands(manifest.count("left_out"))),
        ("Date of the question", on),
        ("Settings", settings),
        (
            "Pathway",
            f"{about['pathway']} {about['version']}, documents {about['content_hash'][:12]}",
        ),
        ("Program", about["program"]),
    ]
    if unread := manifest.count("not_used"):
        rows.insert(5, ("Entries of records that could not be used", thousands(unread)))
    for table in manifest.notes.get("lost_rows", ()):
        rows.insert(5, (f"Lists of {table}", "rows were lost: all count as incomplete"))
    cells = "".join(
        f'<tr><th scope="row">{escape(a)}</th><td>{escape(b)}</td></tr>' for a, b in rows
    )
    return f"<table><caption>The run in short</caption><tbody>{cells}</tbody></table>"


def _states(counts: Counts) -> Section:
    rows = [(STATES[state], number) for state, number in counts.states.items()]
    name, most = max(rows, key=lambda row: row[1])
    shares = [
        (STATES[state], thousands(v), percent(v, counts.patients), MEANINGS[state])
        for state, v in counts.states.items()
    ]
    return Section(
        id="states",
        title="Where patients stand",
        says=f"Most patients: {escape(name[0].lower() + name[1:])} ({percent(most, counts.patients)}).",
        plot=bars(_alt("Patients by state", rows), rows, [STATES["red-sign"]]),
        table=_table("Patients by state", ("State", "Patients", "Share", "What it means"), shares),
    )


def _urgencies(counts: Counts) -> Section:
    names = {urgency.value: f"{urgency.value}: {URGENCY_WORDS[urgency]}" for urgency in Urgency}
    rows = [(names[urgency], number) for urgency, number in counts.urgencies.items()]
    used = [state for state in STATES if counts.states.get(state)]
    lines = [
        (names[u], thousands(n), *(thousands(counts.state_urgency.get((s, u), 0)) for s in used))
        for u, n in counts.urgencies.items()
    ]
    head = ("Urgency", "Patients", *(STATES[state] for state in used))
    return Section(
        id="urgency",
        title="How urgent it is",
        says=f"{thousands(counts.urgencies.get('U0', 0))} patients should be seen at once (U0).",
        plot=bars(_alt("Patients by urgency", rows), rows, [names["U0"], names["U1"]]),
        table=_table("Patients by urgency and state", head, lines),
    )


def _signs(pathway: Pathway, counts: Counts) -> Section:
    titles = {sign: each.title for sign, each in pathway.signs.items()}
    rows = [(titles.get(sign, sign), number) for sign, number in counts.signs.items()]
    says = "One patient may have several. Nothing is offered before they are settled."
    names = [name for name, _ in rows]
    return Section(
        id="signs",
        title="Open red signs",
        says=says if rows else "No red sign is open.",
        plot=bars(_alt("Patients by open red sign", rows), rows, names) if rows else "",
        table=_table("Patients by open red sign", ("Red sign", "Patients"), [(n, thousands(v)) for n, v in rows]),
    )  # fmt: skip


def _verdicts(pathway: Pathway, counts: Counts) -> Section:
    rows = {pathway.treatments[t].title: found for t, found in counts.verdicts.items()}
    lines = [
        (name, *(thousands(found.get(verdict, 0)) for verdict in VERDICTS))
        for name, found in rows.items()
    ]
    alt = "Share of verdicts for each treatment; the table below has all numbers"
    return Section(
        id="verdicts",
        title="What is said of each treatment",
        says="In percent of all patients. Recommend and consider are options to weigh, never orders. "
        "Needs data: an answer is missing that decides. Not yet: an earlier step comes first. "
        "On hold: an open red sign comes first.",
        plot=stacked(alt, rows, VERDICTS),
        table=_table("Patients by treatment and verdict", ("Treatment", *VERDICTS.values()), lines),
    )


def _blocks(pathway: Pathway, counts: Counts) -> Section:
    shown = counts.blocks[:MOST_RULES]
    titles = {id: each.title for id, each in pathway.treatments.items()}
    rows = [
        (f"{titles[t]}: {pathway.rules[rule].says if rule in pathway.rules else rule}", number)
        for t, rule, number in shown
    ]
    lines = [
        (titles[t], rule, pathway.rules[rule].says if rule in pathway.rules else "", thousands(n))
        for t, rule, n in shown
    ]
    head = ("Treatment", "Deciding rule", "What it says", "Patients")
    return Section(
        id="blocks",
        title="What blocks what",
        says="Which rule takes which treatment away, or asks for a justification: "
        f"the {len(shown)} commonest of {len(counts.blocks)}.",
        plot=bars(_alt("Patients by treatment and deciding rule", rows), rows) if rows else "",
        table=_table(f"The {len(shown)} commonest blocks", head, lines),
    )


def _questions(pathway: Pathway, counts: Counts) -> Section:
    shown = counts.questions[:MOST_QUESTIONS]
    rows = [(_fact(pathway, fact), number) for fact, number, _ in shown]
    lines = [
        (_ask(pathway, fact), fact, thousands(number), thousands(alone))
        for fact, number, alone in shown
    ]
    head = ("Question", "Fact", "Patients it is asked for", "It alone is missing")
    return Section(
        id="questions",
        title="Questions that would settle most patients",
        says="The answers that are missing for most patients and can still change what is decided. "
        "Where one alone is missing, it settles the patient.",
        plot=bars(_alt("Patients by missing answer", rows), rows) if rows else "",
        table=_table(f"The {len(shown)} questions asked for most patients", head, lines),
    )


def _flow(counts: Counts, earlier: Manifest | None) -> Section:
    ways = counts.flow or {}
    moved = sum(n for (a, b), n in ways.items() if a != b)
    both = sum(ways.values())
    lines = [
        (STATES[then], STATES[now], thousands(number), percent(number, both))
        for (then, now), number in sorted(ways.items(), key=lambda item: -item[1])
    ]
    says = (
        f"Of {thousands(both)} patients in both runs, {thousands(moved)} ({percent(moved, both)}) stand elsewhere now. "
        f"{thousands(counts.new)} are new, {thousands(counts.gone)} are no longer there."
    )
    if earlier is not None:
        says += f" The earlier run asked on {escape(earlier.about['on']['date'])}."
    says += " Patients also move because answers grow too old to count; then they need assessment again."
    alt = f"Patients between states; {moved} of {both} moved; the table below has all numbers"
    head = ("Before", "Now", "Patients", "Share")
    return Section(
        id="flow",
        title="From the earlier run to this one",
        says=says,
        plot=flow(alt, ways, STATES),
        table=_table("From the state before to the state now", head, lines),
    )


def _fact(pathway: Pathway, fact: str) -> str:
    return pathway.facts[fact].title if fact in pathway.facts else fact.replace("_", " ")


def _ask(pathway: Pathway, fact: str) -> str:
    return (
        pathway.facts[fact].ask
        if fact in pathway.facts
        else f"Is the list complete? ({fact.replace('_', ' ')})"
    )


def _alt(what: str, rows: Sequence[tuple[str, int]]) -> str:
    first = ", ".join(f"{name} {number}" for name, number in rows[:3])
    return f"{what}: {first}; the table below has all numbers" if rows else what


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table that can be scrolled with the keyboard where it is too wide."""
    numbers = [bool(rows) and _is_number(text) for text in (rows[0] if rows else head)]
    heads = "".join(
        f'<th scope="col"{_NUMBER if is_number else ""}>{escape(each)}</th>'
        for each, is_number in zip(head, numbers, strict=True)
    )
    lines = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(_cell(each) for each in row[1:])}</tr>'
        for row in rows
    )
    name = escape(caption)
    return (
        f'<div class="scroll" role="region" aria-label="{name}" tabindex="0"><table><caption>{name}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _cell(text: str) -> str:
    """Return one cell; numbers stand under each other."""
    return f"<td{_NUMBER if _is_number(text) else ''}>{escape(text)}</td>"


_NUMBER = ' class="n"'


def _is_number(text: str) -> bool:
    return text[:1].isdigit() or text.startswith("under")
