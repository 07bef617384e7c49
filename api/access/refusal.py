"""The words of every refusal at the entrance; none says what was wrong with a credential."""

from __future__ import annotations

from schemas.errors import AccessError, BusyError, InputError, NotFoundError, Problem

CREDENTIAL = "Authorization"


def unauthorized() -> AccessError:
    """Return the one refusal of a credential: nobody learns how near they came."""
    return AccessError(
        Problem(
            code="unauthorized",
            message="the request carries no credential that is accepted here",
            help="send `Authorization: Bearer` with a key or a token this service was set up to accept",
            where=CREDENTIAL,
        )
    )


def forbidden() -> AccessError:
    """Return the refusal of a caller who is known and may not do this."""
    return AccessError(
        Problem(
            code="forbidden",
            message="this caller may not do that",
            help="ask whoever runs this service for the scope it needs",
            where=CREDENTIAL,
        )
    )


def not_open() -> AccessError:
    """Return the refusal of what is not served beyond its own machine, to anybody."""
    return AccessError(
        Problem(
            code="not-open",
            message="this part of the service is not served beyond its own machine",
            help="use the JSON API, /cds-services or /fhir; a site that checks callers in front of the service sets "
            "`open`",
            where="request",
        )
    )


def not_from_there() -> AccessError:
    """Return the refusal of a connection from where none should come."""
    return AccessError(
        Problem(
            code="not-from-there",
            message="this service takes no connections from there",
            help="name the public address in STEPPEDCARE_PUBLIC_URL and the proxies in STEPPEDCARE_TRUSTED_PROXIES",
            where="connection",
        )
    )


def nothing_there() -> NotFoundError:
    """Return what a known caller is told of an address nobody here has."""
    return NotFoundError(
        Problem(
            code="not-found",
            message="there is nothing at this address",
            help="see /openapi.json",
            where="request",
        )
    )


def wrong_method() -> InputError:
    """Return what a known caller is told of a method an address does not take; it leaves with status 405."""
    return InputError(
        Problem(
            code="method-not-allowed",
            message="this address does not take that method",
            help="see `Allow`",
            where="request",
        )
    )


def too_many() -> BusyError:
    """Return the refusal of a caller who asks more often than was agreed; it leaves with status 429."""
    return BusyError(
        Problem(
            code="too-many-requests",
            message="this caller asks too often",
            help="wait as long as `Retry-After` says; a red sign is answered all the same",
            where=CREDENTIAL,
        )
    )


def store_away() -> BusyError:
    """Return what is told while the keys cannot be looked up: nobody is let in, and nobody is called unknown."""
    return BusyError(
        Problem(
            code="busy",
            message="the store of keys does not answer",
            help="send the request again in a moment",
            where="service",
        )
    )
