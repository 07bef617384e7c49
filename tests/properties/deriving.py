"""Backwards from a derived fact: the trials, medications, operations and overrides it is read from."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from typing import Any

from tests.properties.rows import OUTCOMES, Rows


def derive(
    rows: Rows, name: str, value: Any, lists: dict[str, list[Any]], on: dt.date, rng: random.Random
) -> str:
    """Change the lists so that the derived fact *name* gets *value*; return the list that was changed."""
    derivation = rows.pathway.derivations[name]
    of = derivation.of
    match derivation.rule:
        case "listed":
            return of[0]
        case "justified" | "early":
            lifts = "block-unless-justified" if derivation.rule == "justified" else "not-yet"
            lists["overrides"] = [
                o for o in lists["overrides"] if (o["treatment"], o["lifts"]) != (of[0], lifts)
            ]
            if value:
                lists["overrides"].append(rows.override(on, rng, of[0], lifts))
            return "overrides"
        case "taking":
            lists["medications"] = [
                m for m in lists["medications"] if not rows.is_of(m["agent"], of)
            ]
            if value:
                agent = rng.choice([m.id for m in rows.of_class(*of)])
                lists["medications"].append(rows.medication(on, rng, agent) | {"status": "active"})
            return "medications"
        case "count-taking":
            lists["medications"] = [
                m for m in lists["medications"] if not rows.is_of(m["agent"], of)
            ]
            agents = rng.sample([m.id for m in rows.of_class(*of)], min(int(value or 0), 4))
            lists["medications"] += [{"agent": agent} for agent in agents]
            return "medications"
        case "started" | "mme":
            mine = [m for m in lists["medications"] if rows.is_of(m["agent"], of)]
            if not mine and value is not None:
                agents = [
                    m for m in rows.of_class(*of) if m.mme_factor or derivation.rule == "started"
                ]
                mine = [{"agent": rng.choice(agents).id}]
                lists["medications"] += mine
            for row in mine:
                row["status"] = "active"
                if derivation.rule == "started":
                    row.pop("started", None)
                    if value is not None:
                        row["started"] = value.isoformat()
                else:
                    row.pop("dose_mg_per_day", None)
                    if value is not None:
                        row["dose_mg_per_day"] = int(value) + 200 if value else 0
            return "medications"
        case "tried":
            lists["trials"] = [t for t in lists["trials"] if t["treatment"] != of[0]]
            if value not in (None, "none"):
                row = {"treatment": of[0], **OUTCOMES[value]}
                agents = rows.pathway.treatments[of[0]].agents
                if len(of) > 1:
                    agents = [m.id for m in rows.of_class(*of[1:])]
                if agents:
                    row["agent"] = rng.choice(agents)
                row["ended"] = rows.day(on, rng.choice([20, 50, 400]), rng)
                lists["trials"].append(row)
            return "trials"
        case "sessions" | "procedure-date":
            return _procedure(rows, derivation.rule, of, value, lists, on, rng)
        case _:
            return _operate(rows, derivation.rule, of, value, lists, on, rng)


def _procedure(
    rows: Rows,
    rule: str,
    of: Sequence[str],
    value: Any,
    lists: dict[str, list[Any]],
    on: dt.date,
    rng: random.Random,
) -> str:
    treatment = of[0] if of[0] != "spine" else "epidural-steroid-injection"
    if rule == "sessions":
        mine = [t for t in lists["trials"] if t["treatment"] == treatment]
        lists["trials"] = [t for t in lists["trials"] if t["treatment"] != treatment]
        if value:
            row = mine[-1] if mine else {"treatment": treatment, **OUTCOMES["responder"]}
            lists["trials"].append(
                {**row, "sessions": int(value), "ended": rows.day(on, 60, rng, vague=0)}
            )
        return "trials"
    late = [t for t in lists["trials"] if t.get("ended", "") > (value.isoformat() if value else "")]
    for row in late:
        row["ended"] = value.isoformat() if value else row["ended"]
    if not any(t["treatment"] == treatment for t in lists["trials"]):
        lists["trials"].append({"treatment": treatment, **OUTCOMES[rng.choice(list(OUTCOMES))]})
    for row in lists["trials"]:
        if row["treatment"] == treatment and value is not None:
            row["ended"] = value.isoformat()
    if of[0] == "spine" and value is not None:
        lists["surgeries"] = [
            s for s in lists["surgeries"] if s.get("date", "9")[:10] <= value.isoformat()
        ]
    return "trials"


def _operate(
    rows: Rows,
    rule: str,
    of: Sequence[str],
    value: Any,
    lists: dict[str, list[Any]],
    on: dt.date,
    rng: random.Random,
) -> str:
    procedure = "fusion" if "fusion" in of else rng.choice(["discectomy", "decompression"])
    row = {
        "procedure": procedure,
        "region": "lumbar",
        "for_pain": True,
        "date": rows.day(on, 400, rng, 0),
    }
    mine = [s for s in lists["surgeries"] if s.get("region") in ("lumbar", "lumbosacral")]
    if rule == "surgery" and not value:
        keep = [s for s in lists["surgeries"] if "fusion" in of and s["procedure"] != "fusion"]
        lists["surgeries"] = keep
        return "surgeries"
    if not mine or ("fusion" in of and not any(s["procedure"] == "fusion" for s in mine)):
        lists["surgeries"].append(row)
        mine.append(row)
    if rule == "surgery-date" and value is not None:
        for each in mine:
            each["date"] = value.isoformat()
    if rule == "surgery-result":
        lists["surgeries"] = [mine[-1]]
        mine[-1].pop("result", None)
        if value is not None:
            mine[-1]["result"] = value
    for each in mine:
        each.update(region="lumbar", for_pain=True)
    return "surgeries"
