"""What is on no page: mark-up out of payloads, secrets, a clock, anything from outside."""

import json
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import selfheal_rules as sr
from selfheal_rules.engine import Engine
from selfheal_rules.parse import parse_rules
from selfheal_rules.report import History, page
from selfheal_rules.source import Source
from selfheal_rules.values import microseconds
from tests.calls import Call
from tests.report.rig import NIGHT, START, data, hostile, live
from tests.report.rig import RULES as BUSY


def test_the_same_history_gives_the_same_bytes(night: History) -> None:
    """No clock is read; when it was made is told only if somebody says so."""
    assert page(night, "t") == page(live(*NIGHT), "t")
    assert "generated" not in data(page(night, "t"))
    assert microseconds(START) == data(page(night, "t", START))["generated"]


class _Tags(HTMLParser):
    """Counts what a browser would take for elements."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's own
        self.tags.append(tag)


def _tags(text: str) -> list[str]:
    parser = _Tags()
    parser.feed(text)
    return parser.tags


def test_what_payloads_say_is_no_mark_up() -> None:
    """Whatever they hold, the page has the elements it always has, and no control character of theirs."""
    text = hostile()
    assert _tags(page(History(lambda _: None), "t")) == _tags(text)
    assert [] == [char for char in "\x00\x1b\u202e" if char in text]
    assert "\\u202e\\x00\\x1b[31m" in data(text)["decisions"][0]["target"]


def test_nothing_from_outside_may_be_loaded() -> None:
    """The page forbids itself all but its own style and program, each by its hash."""
    text = page(History(lambda _: None), "t")
    (policy,) = [line for line in text.splitlines() if "Content-Security-Policy" in line]
    for word in (
        "default-src 'none'",
        "script-src 'sha256-",
        "style-src 'sha256-",
        "base-uri 'none'",
        "form-action 'none'",
    ):
        assert word in policy
    assert "unsafe" not in policy
    own = text.replace("http://www.w3.org/2000/svg", "")  # a name that browsers know, not a place they go to
    assert [] == [word for word in ("http://", "https://", "src=", "@import", "url(") if word in own]


def test_secrets_never_appear(night: History, journal: Path, call: Call, tmp_path: Path) -> None:
    """A field the vocabulary calls secret is on no page: neither of a run, nor of a journal, nor of payloads."""
    assert "hunter2" not in page(night, "t")
    assert 0 == call("report", "--journal", journal, "--output", tmp_path / "a.html").code
    (tmp_path / "rules.yaml").write_text(BUSY, "utf-8")
    fields = {"host": "h", "server": "s", "note": "n", "token": "hunter2-secret"}
    payload = {
        "specversion": "1.0",
        "type": "server.error",
        "source": "nova",
        "id": "1",
        "time": START.isoformat(),
        "data": fields,
    }
    found = call("report", tmp_path, "--input", "-", "--output", tmp_path / "b.html", text=json.dumps(payload).encode())
    assert (0, 1) == (found.code, len(data((tmp_path / "b.html").read_text("utf-8"))["decisions"]))
    assert ["", ""] == [
        "hunter2" * ("hunter2" in (tmp_path / name).read_text("utf-8")) for name in ("a.html", "b.html")
    ]


NUMBERS = """
selfheal: 1
ruleset: numbers
events: {big: {fields: {n: {type: integer}, f: {type: number}}}}
rules: [{id: r, when: {all: [{as: e, event: big}]}, then: [{do: noop, with: {n: $e.n}}]}]
"""


def test_numbers_keep_all_their_digits() -> None:
    """Values are shown as they were posted, though a browser counts no further than 2^53."""
    read, _ = parse_rules(Source("n.yaml", NUMBERS))
    assert read
    running, history = Engine(sr.compile_rules(read)), History(lambda _: None)
    history.follow(running)
    history.take(
        running.post(sr.Event("1", "big", "s", datetime(2026, 1, 1, tzinfo=UTC), {"n": 2**60 + 1, "f": 1.0})),
        running.now,
    )
    assert {"n": "1152921504606846977", "f": "1.0"} == history.evidence.rows[0]["fields"]
    assert {"n": "1152921504606846977"} == history.decisions[0]["params"]
