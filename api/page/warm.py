"""The first page made once for nobody when the service starts, so that no person waits for templates and documents."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from api.page.author import document_names, read_shown, statements
from api.page.routes import show
from api.page.sheet import PATHWAY, lay_out
from api.running.watch import own_patients

Life = Callable[[Any], AbstractAsyncContextManager[Any]]
_log = logging.getLogger("steppedcare")


def warmed(life: Life) -> Life:
    """Return *life* of a service with the warm-up begun as soon as its engines are there, beside the first requests."""

    @asynccontextmanager
    async def begun(app: Any) -> AsyncIterator[Any]:
        async with life(app) as state:
            threading.Thread(target=warm_up, name="page-warm-up", daemon=True).start()
            yield state

    return begun


def warm_up() -> None:
    """Make the first page and read the documents for the author's; never raises, for no answer rests on it."""
    try:
        # No patient: what watches over the rules in use does not count it.
        with own_patients():
            show("page.html", lay_out({}, dt.date.today(), ""), "")
        for name in document_names(PATHWAY):
            read_shown(PATHWAY, name)
        statements(PATHWAY)
    except Exception as error:
        _log.warning("the page could not be warmed up: %s", type(error).__name__)
