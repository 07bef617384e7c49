"""Two hundred texts that want to be script: none is executed, wherever it is put."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

Open = Callable[..., Any]
CALLS = (
    "window.hit=1",
    "fetch('//x.invalid')",
    "alert(1)",
    "document.title='hit'",
    "location='//x.invalid'",
)
SHAPES = (
    "<script>{}</script>", "</textarea><script>{}</script>", "</title><script>{}</script>", "\"><script>{}</script>",
    "'><script>{}</script>", "<img src=x onerror={}>", "\" onfocus={} autofocus x=\"", "' onmouseover={} x='",
    "<svg onload={}>", "<svg><script>{}</script></svg>", "<math><mtext></form><script>{}</script>",
    "javascript:{}", "<a href=javascript:{}>x</a>", "<iframe srcdoc='<script>{}</script>'>",
    "<style>@import'//x.invalid'</style>{}",
    "<base href=//x.invalid>{}", "<form action=//x.invalid>{}", "<details open ontoggle={}>", "<body onload={}>",
    "<object data=javascript:{}>", "<embed src=javascript:{}>", "<link rel=stylesheet href=//x.invalid>{}",
    "<meta http-equiv=refresh content='0;url=//x.invalid'>{}", "{{{{ {} }}}}", "{{% print({}) %}}", "${{{}}}",
    "]]><script>{}</script>", "--><script>{}</script>", "<!--<script>{}</script>",
    "<template><script>{}</script></template>",
    "<video><source onerror={}></video>", "<input autofocus onfocus={}>", "<select autofocus onfocus={}>",
    "<marquee onstart={}>", "<x contenteditable onblur={}>", "&lt;script&gt;{}&lt;/script&gt;",
    "\\u003cscript\\u003e{}",
    "%3Cscript%3E{}%3C/script%3E", "<scr<script>ipt>{}</scr</script>ipt>", "<a id=sheet>{}</a>",
)  # fmt: skip
TEXTS = [shape.format(call) for shape, call in itertools.product(SHAPES, CALLS)]

SEND = """([path, fields]) => {
    const form = document.createElement('form');
    form.method = 'post'; form.action = path;
    for (const [name, value] of fields) {
        const field = document.createElement('textarea');
        field.name = name; field.value = value; form.append(field);
    }
    document.body.append(form);
    form.submit();
}"""


@pytest.mark.slow
def test_two_hundred_hostile_texts_are_shown_and_none_is_executed(open_page: Open) -> None:
    assert len(TEXTS) == 200
    readable: list[tuple[str, str]] = [("f.age", "50")]
    for at, text in enumerate(TEXTS):
        readable += [(f"n.{at}.where", f"place {at}"), (f"n.{at}.why", text)]
        readable += [
            (f"o.{at}.treatment", "opioid"),
            (f"o.{at}.lifts", "not-yet"),
            (f"o.{at}.when", "2026-01-01"),
        ]
        readable += [(f"o.{at}.who", text), (f"o.{at}.why", f"because {text}")]
    answers = [("r.nsaid", "decline"), ("w.nsaid", "".join(TEXTS[:8])[:400])]
    for path, view in (
        ("/", "answer"),
        ("/", "note"),
        ("/", "record"),
        ("/", "picture"),
        ("/print", "answer"),
    ):
        page = open_page("/cases")
        page.evaluate(SEND, [path, [*readable, *answers, ("view", view), ("on", "2026-03-01")]])
        page.wait_for_url(f"**{path}")
        page.wait_for_load_state()
        assert page.evaluate("window.hit") is None
        assert "hit" not in page.title()
        assert page.locator("article, .not-now").count() >= (10 if view == "answer" else 0)
        if view == "answer":
            assert TEXTS[0] in page.locator("body").inner_text()


@pytest.mark.slow
def test_hostile_texts_where_they_cannot_be_read_are_refused_and_not_executed(
    open_page: Open,
) -> None:
    names = [
        "f.age", "f.smoker", "f.leg_weakness", "d.age", "s.age", "q.smoker", "t.0.agent", "t.0.weeks", "m.0.agent",
        "g.0.level", "on", "settings", "visits", "record", "case", "view", "do", "cf", "x.0.fact", "y.0.agent",
        "l.trials",
    ]  # fmt: skip
    page = open_page("/cases")
    for at in range(0, len(TEXTS), 20):
        fields = [(name, TEXTS[(at + place) % len(TEXTS)]) for place, name in enumerate(names)]
        page.evaluate(SEND, ["/", fields])
        page.wait_for_url("**/")
        page.get_by_role("heading", name="Not answered").wait_for()
        assert page.evaluate("window.hit") is None
        assert "hit" not in page.title()
