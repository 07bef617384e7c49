"""What a reviewer asks of the whole pathway: every rule by what it does, what the patients reach, what is proved."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from functools import cache

from pydantic import ValidationError

from api.library import get_cases, get_decider, get_pathway
from api.page.upload import MOST_BYTES, REPORT
from api.service import get_checker
from api.strict_json import read_json
from rules.verification.coverage import coverage
from rules.words import in_words
from schemas.errors import InputError, NotFoundError, Problem
from schemas.pathway import Effect, Pathway, Rule
from schemas.proof import Certificate
from schemas.verification import Coverage

ALL = "all"


@dataclass(frozen=True)
class RuleShown:
    """One rule as a reviewer reads it."""

    rule: Rule
    when: str
    on: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """The rules with one effect, or all of them, and how many there are of each."""

    effect: str
    counts: tuple[tuple[str, int], ...]
    rules: tuple[RuleShown, ...]


@dataclass(frozen=True)
class CoverageShown:
    """What the built-in patients and the teaching cases reach."""

    found: Coverage
    looks: int

    @property
    def fired(self) -> int:
        return self.found.rules - len(self.found.never_fired)

    @property
    def seen(self) -> int:
        return self.found.comparisons - len(self.found.unseen_comparisons)


@dataclass(frozen=True)
class CertificateShown:
    """A certificate somebody holds, beside the documents of this service."""

    certificate: Certificate
    same_documents: bool
    proved: int
    """Counted here, whatever the certificate says of itself."""


def rules_shown(pathway: Pathway, rules: tuple[Rule, ...]) -> tuple[RuleShown, ...]:
    """Return *rules* in words, with the usual values of the settings."""
    values = {key: setting.value for key, setting in pathway.settings.items()}
    return tuple(
        RuleShown(
            rule=rule,
            when=in_words(rule.when, pathway, values),
            on=tuple(
                pathway.treatments[id].title if id in pathway.treatments else id for id in rule.on
            ),
        )
        for rule in rules
    )


@cache
def catalogue(id: str, effect: str) -> Catalogue:
    """Return the rules whose effect is *effect*; raise NotFoundError when there is no such effect."""
    if effect not in (ALL, *(each.value for each in Effect)):
        raise NotFoundError(
            Problem(
                code="unknown-effect",
                message="no rule has that effect",
                help="the catalogue names them all",
                where="effect",
            )
        )
    pathway = get_pathway(id)
    counts = Counter(rule.effect.value for rule in pathway.rules.values())
    chosen = tuple(rule for rule in pathway.rules.values() if effect in (ALL, rule.effect.value))
    return Catalogue(effect, tuple(sorted(counts.items())), rules_shown(pathway, chosen))


@cache
def coverage_shown(id: str) -> CoverageShown:
    """Decide every built-in patient and teaching case, once for the life of the service: under a second of work."""
    looks = [look.input for case in get_cases(id) for look in case.looks]
    return CoverageShown(coverage(get_decider(id), get_checker(id), looks, dt.date.min), len(looks))


def read_certificate(data: bytes, pathway: Pathway) -> CertificateShown:
    """Return the certificate in *data* beside *pathway*; raise InputError for what is none."""
    try:
        found = Certificate.model_validate(read_json(data, MOST_BYTES, REPORT))
    except ValidationError:
        # The library's own message would repeat what was pasted.
        raise InputError(
            Problem(
                code="not-a-certificate",
                message="this is not a certificate",
                help="choose the file written by `steppedcare verify --prove --certificate FILE`",
                where="certificate",
            )
        ) from None
    same = found.pathway == pathway.id and found.content_hash == pathway.content_hash
    return CertificateShown(found, same, sum(each.proved for each in found.statements))
