"""`selfheal gaps` and `selfheal overlaps` as a user calls them: what they say, in every form, and how they end."""

import json
import re
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

import selfheal_rules as sr
from selfheal_rules.healer import Healer
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.survey.gap import Answered, Gap, Gaps
from selfheal_rules.survey.page import survey_page
from selfheal_rules.survey.sections import Section
from selfheal_rules.survey.text import gaps_text
from tests import gaps_page, overlaps_page
from tests.calls import ROOT, RULES, STREAM, Call, caller

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DATA = ROOT / "tests" / "data" / "survey"
SMALL, CLOUD = "tests/data/survey/rules.yaml", "tests/data/survey/cloud.yaml"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


@pytest.mark.parametrize("command", ["gaps", "overlaps"])
def test_the_text_reads_as_it_is_kept(call: Call, command: str) -> None:
    """Each finding has its place, its reason and its cure; findings end with 1. The tables behind them stand below."""
    found = call(command, SMALL, "--cloud", CLOUD)
    told = found.out.partition("\n\nfaults that no rule handles")[0]
    assert ((DATA / f"{command}.txt").read_text("utf-8"), "", 1) == (told, found.err, found.code)


def test_the_tables_read_as_they_are_kept() -> None:
    """What follows from other gaps is told with them, kinds in one list, and classes of which nothing is handled."""
    gaps = (
        Gap("blind_rule", "a / see", "`x` is off; it never fires", "switch it on"),
        Gap("blind_rule", "a / act", "`y` is concluded only by rules that cannot fire", "close those", follows=True),
        Gap("fault", "no-room", "no host is found for a server (capacity)", "write a rule"),
        *(Gap("kind", f"kind.number-{number}", "no rule reads it", "write a rule") for number in range(12)),
    )
    answered = (
        Answered("no-room", "capacity", "no host is found", ("compute.task_error",), (), ()),
        Answered("bmc-lost", "hardware", "no BMC", ("node.power",), (), ("a / tell",)),
        Answered("host-lost", "hardware", "no host", ("host.lost",), ("a / act",), ()),
    )
    found = gaps_text(Gaps(("a", "b"), 1234, None, None, answered, gaps))
    assert (DATA / "tables.txt").read_text("utf-8") == found + "\n"


@pytest.mark.parametrize("command", ["gaps", "overlaps"])
def test_what_may_be_meant_so_is_no_finding(call: Call, command: str) -> None:
    """Without a cloud nothing is known to be wrong with sound rules, unless one is strict."""
    assert 0 == call(command, RULES).code
    assert 1 == call(command, RULES, "--strict").code


def test_a_record_is_held_against_the_rules(call: Call) -> None:
    """What nothing was decided about is told, with how often and an example; a line that gives no item is named."""
    found = call("gaps", RULES, "--inventory", STREAM)
    assert 1 == found.code
    assert "line 27: unrecognised" in found.err
    assert found.out.startswith("1 rule set with 56 rules, held against 66 items of a record\n")
    assert "    2 times, first 2026-11-22T16:09:40+00:00, last 2026-11-22T16:09:50+00:00\n" in found.out
    assert '    = example: {"specversion": "1.0", "type": "host.lost"' in found.out


def test_a_malformed_line_of_a_record_ends_with_1(call: Call) -> None:
    """As it does with `run`: what cannot be read may have been a failure."""
    assert 0 == call("gaps", RULES, "--inventory", "-", text=b"\n").code
    found = call("gaps", RULES, "--inventory", "-", text=b"{not json}\n")
    assert (1, True) == (found.code, "line 1: malformed" in found.err)


def test_a_journal_is_a_record(call: Call, tmp_path: Path) -> None:
    """What a healer has recorded is read as payloads are; one that is not there is refused."""
    program = sr.compile_rules(sr.load_rules(ROOT / RULES))
    failed = sr.Event("e1", "instance.error", "nova", NOON, {"instance": "i1", "action": "create"})
    healer = Healer(sr.Engine(program), FileJournal(tmp_path / "heal.jsonl"))
    healer.take([failed])
    healer.close()
    found = call("gaps", RULES, "--journal", tmp_path / "heal.jsonl", "--format", "json").objects
    assert [("server-failed", 1)] == [(one["about"], one["count"]) for one in found if one.get("gap") == "unhandled"]
    assert 3 == call("gaps", RULES, "--journal", tmp_path / "none.jsonl").code


def test_gaps_as_json(call: Call) -> None:
    """An object a line: the gaps, then each fault with who answers it."""
    found = call("gaps", SMALL, "--cloud", CLOUD, "--format", "json").objects
    blind = next(one for one in found if one.get("gap") == "blind_guard")
    assert ("small / close-host", True, SMALL, 13) == (blind["about"], blind["finding"], blind["file"], blind["line"])
    alarm = next(one for one in found if one.get("fault") == "host-alarm")
    assert ["small / close-host", "small / keep-from-masakari"] == alarm["named"]
    assert {"gap", "about", "reason", "cure", "finding"} <= set(blind)


def test_overlaps_as_json(call: Call) -> None:
    """An object a line: the overlaps with their streams, then the healers that were looked at."""
    found = call("overlaps", SMALL, "--cloud", CLOUD, "--format", "json").objects
    assert ["Masakari"] == [one["project"] for one in found if "project" in one]
    pair = next(one for one in found if one.get("finding") and "healer" in one["second"])
    assert ("close-lost-host", "host-recovery") == (pair["first"]["rule"], pair["second"]["rule"])
    assert "host.lost" == pair["because"]
    assert ["host.lost"] == [json.loads(line)["type"] for line in pair["witness"]]


def test_the_witness_of_an_overlap_runs(call: Call, tmp_path: Path) -> None:
    """Saved to a file, `selfheal run` reads it, and both rules decide."""
    found = call("overlaps", SMALL, "--cloud", CLOUD, "--format", "json").objects
    pair = next(one for one in found if "first" in one and "healer" not in one["second"])
    (tmp_path / "stream.jsonl").write_text("\n".join(pair["witness"]) + "\n", "utf-8")
    decided = call("run", SMALL, "--input", tmp_path / "stream.jsonl", "--format", "json").objects
    assert {pair["first"]["rule"], pair["second"]["rule"]} <= {one["rule"] for one in decided}


class Reader(HTMLParser):
    """Reads a page: its tags in balance, what it loads, and the text of its cells."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is opened, and what it would load."""
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        self.loads += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "srcset", "onload", "onclick"}]

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened last."""
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        """Note the headings."""
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


@pytest.mark.parametrize(
    ("command", "heading"),
    [("gaps", "Rules that cannot see what should hold them back"), ("overlaps", "Rules and other healers")],
)
def test_the_page_needs_nothing_else(call: Call, tmp_path: Path, command: str, heading: str) -> None:
    """One file without a script, light or dark as its reader has it; its style is the one it allows."""
    out = tmp_path / "page.html"
    found = call(command, SMALL, "--cloud", CLOUD, "--format", "html", "--output", out)
    assert (1, "") == (found.code, found.out)
    text = out.read_text("utf-8")
    reader = Reader()
    reader.feed(text)
    assert ([], []) == (reader.open, reader.loads)
    assert heading in reader.headings
    assert "<script" not in text
    assert "prefers-color-scheme: dark" in text
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert f"sha256-{b64encode(sha256(style[1].encode()).digest()).decode()}" in text


def test_text_goes_into_the_page_as_text() -> None:
    """What a payload or a rule says is never mark-up; control characters are shown as escapes."""
    section = Section("<b>", "`<i>`", ("<u>",), (("<script>alert(1)</script>\x1b",),), (("{<s>}",),))
    found = survey_page("<title>", "a `<code>`", (section,))
    assert not re.search(r"<(b|i|u|s|script|title>.*<title)>", found.replace("<title>&lt;title&gt;</title>", ""))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b" in found
    assert "<code>&lt;i&gt;</code>" in found


@pytest.mark.parametrize("command", ["gaps", "overlaps"])
def test_a_wrong_description_is_refused(call: Call, tmp_path: Path, command: str) -> None:
    """With all that is wrong with it, and nothing is surveyed; a warning goes to standard error."""
    wrong = tmp_path / "cloud.yaml"
    wrong.write_text("selfheal_cloud: 1\ncloud: a\npollers: [nova]\nhealers: [x]\n", "utf-8")
    found = call(command, SMALL, "--cloud", wrong)
    assert (3, "") == (found.code, found.out)
    assert "error[SH441]" in found.err
    assert "error[SH443]" in found.err
    assert 3 == call(command, SMALL, "--cloud", tmp_path / "none.yaml").code
    wrong.write_text('selfheal_cloud: 1\ncloud: a\nservices: {compte: "2.1"}\nhealers: []\n', "utf-8")
    assert "warning[SH444]" in call(command, SMALL, "--cloud", wrong).err


def test_wrong_rules_are_refused(call: Call, tmp_path: Path) -> None:
    """Nothing is said of rules that cannot run, nor of those that cannot run beside a healer of the table."""
    wrong = tmp_path / "rules.yaml"
    wrong.write_text("selfheal: 1\nruleset: a\nrules: [{id: x}]\n", "utf-8")
    assert 3 == call("gaps", wrong).code
    wrong.write_text("selfheal: 1\nruleset: masakari\nvocabulary: [openstack]\nrules: []\n", "utf-8")
    found = call("overlaps", wrong)
    assert 3 == found.code
    assert "SH331" in found.err


def test_rules_of_another_vocabulary_are_surveyed(call: Call, tmp_path: Path) -> None:
    """A kind of theirs with the name of a shipped one is theirs; what a record says in the shipped words is named."""
    rules = tmp_path / "rules.yaml"
    text = "selfheal: 1\nruleset: a\nstates: {alarm: {key: [door], fields: {door: string, open: boolean}}}\nrules:\n"
    text += "  - {id: x, when: {as: a, state: alarm, where: {open: true}}, then: [{do: notify, target: $a.door}]}\n"
    rules.write_text(text, "utf-8")
    found = call("gaps", rules, "--inventory", STREAM)
    assert 1 == found.code
    assert found.out.startswith("1 rule set with 1 rule, held against 61 items of a record\n")
    assert "  compute-host-lost\n    told by masakari" in found.out
    assert "line 29: malformed: `alarm` has no field `alarm`" in found.err
    refused = call("overlaps", rules)
    assert (3, True) == (refused.code, "SH332" in refused.err)


def test_nothing_recorded_is_no_record_of_failures(call: Call) -> None:
    """An empty stream has none."""
    found = call("gaps", RULES, "--inventory", "-", text=b"")
    assert (0, True) == (found.code, "held against 0 items of a record" in found.out)


def test_kinds_of_a_mapping_are_seen(call: Call, tmp_path: Path) -> None:
    """What a mapping gives needs no source."""
    rules = tmp_path / "rules.yaml"
    text = "selfheal: 1\nruleset: a\nevents: {rack.hot: {fields: {rack: {type: string, required: true}}}}\nrules:\n"
    text += "  - {id: x, when: {as: a, event: rack.hot}, then: [{do: notify, target: $a.rack}]}\n"
    rules.write_text(text, "utf-8")
    kinds = "events: {rack.hot: {fields: {rack: {type: string, required: true}}}}\n"
    (tmp_path / "own.yaml").write_text(f"selfheal_vocabulary: 1\nvocabulary: own\n{kinds}", "utf-8")
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        "selfheal_mapping: 1\nmapping: racks\nvocabulary: [own.yaml]\nrecognise: {rack: {exists: true}}\n"
        "source: racks\nitems: [{event: rack.hot, fields: {rack: $payload.rack}}]\n",
        "utf-8",
    )
    assert "rules that cannot see" in call("gaps", rules).out
    assert "rules that cannot see" not in call("gaps", rules, "--mapping", mapping).out


@pytest.mark.whole
@pytest.mark.parametrize("analysis", [gaps_page, overlaps_page], ids=["gaps", "overlaps"])
def test_the_analysis_is_written_from_the_rule_sets(analysis: ModuleType) -> None:
    """What stands in the page is what its module writes."""
    assert analysis.page() == analysis.PAGE.read_text("utf-8")
