"""What leads to what: one graph, three ways to write it, each taken by the tool it is for."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfheal_rules.check import load_rules
from selfheal_rules.compile import compile_rules
from selfheal_rules.report import RuleGraph, dot, mermaid, rule_graph
from selfheal_rules.report.graph import Arrow, Node
from selfheal_rules.wording import clean
from tests.calls import RULES, Call
from tests.chunks import DATA

FILES = tuple(DATA / "report" / name for name in ("hosts.yaml", "ladder.yaml"))
needs_graphviz = pytest.mark.skipif(shutil.which("dot") is None, reason="there is no Graphviz here")


@pytest.fixture(scope="module", name="graph")
def _graph() -> RuleGraph:
    """Give the graph of rules that have all there is to draw."""
    return rule_graph(compile_rules(*map(load_rules, FILES)).rulesets)


def _arrows(graph: RuleGraph, bond: str) -> list[tuple[str, str, str]]:
    names = {node.id: node.name if node.sort != "guards" else f"guards of {node.ruleset}" for node in graph.nodes}
    return [(names[one.tail], names[one.head], one.label) for one in graph.arrows if one.bond == bond]


@pytest.mark.parametrize(("ending", "write"), [("mmd", mermaid), ("dot", dot)], ids=["mmd", "dot"])
def test_the_text_of_a_graph(graph: RuleGraph, ending: str, write: Callable[[RuleGraph], str]) -> None:
    """It reads as it did; `UPDATE_GOLDEN=1` writes it anew."""
    golden = DATA / "report" / f"site.{ending}"
    text = write(graph)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, "utf-8")
    assert golden.read_text("utf-8") == text


def test_what_a_rule_reads_says_what_for(graph: RuleGraph) -> None:
    """Witnesses, what must not be, what confirms, what being healthy is, and what a guard counts are told apart."""
    assert [
        ("alarm", "dead", ""), ("lost", "dead", ""), ("back", "alive", ""), ("host.dead", "heal", ""),
        ("selfheal.episode", "escalated", ""),
    ] == _arrows(graph, "reads")  # fmt: skip
    assert [("maintenance", "dead", "")] == _arrows(graph, "unless")
    expected = [("host", "heal", "compute.fence"), ("instance", "heal", "compute.evacuate_host if none")]
    assert expected == _arrows(graph, "confirms")
    assert [("instance", "heal", "if none")] == _arrows(graph, "healthy")
    assert [("host", "guards of hosts", "for min_healthy")] == _arrows(graph, "counts")


def test_what_a_rule_leads_to_goes_by_its_guards(graph: RuleGraph) -> None:
    """Guards stand before what they are asked about: people are told without them, where something else was done."""
    assert [("dead", "host.dead", "")] == _arrows(graph, "concludes")
    assert [("alive", "host.dead", "")] == _arrows(graph, "clears")
    assert [
        ("guards of hosts", "compute.fence", "1"), ("guards of hosts", "compute.evacuate_host", "2"),
        ("guards of ladder", "notify", ""),
    ] == _arrows(graph, "does")  # fmt: skip
    assert [("heal", "notify", "1"), ("guards of hosts", "compute.disable_service", "2")] == _arrows(graph, "else")


def test_a_ladder_hangs_on_the_rule_it_is_about(graph: RuleGraph) -> None:
    """What the engine says of a rule comes from that rule, and from no other."""
    assert [("heal", "selfheal.episode", "")] == _arrows(graph, "tells")


def test_what_is_concluded_stands_with_the_rules(graph: RuleGraph) -> None:
    """Only kinds from outside, and actions, belong to no rule set."""
    assert ["dead", "host.dead", "alive", "heal", "guards"] == [node.name for node in graph.of("hosts")]
    assert ("hosts", "ladder") == graph.rulesets
    assert "concluded" == next(node.mark for node in graph.nodes if node.name == "host.dead")
    risks = {node.name: node.mark for node in graph.of("") if node.sort == "action"}
    assert {
        "compute.fence": "risk_high", "compute.evacuate_host": "risk_high", "notify": "risk_none",
        "compute.disable_service": "risk_low",
    } == risks  # fmt: skip


def test_guards_are_written_as_their_author_did(graph: RuleGraph) -> None:
    """The first word first, parameters by name."""
    (gate,) = (node for node in graph.of("hosts") if node.sort == "guards")
    assert "limit $params.most per 10m by $d.az" == gate.lines[0]
    assert gate.lines[1].startswith("min_healthy 50% of host where status is up, note not ")


def test_every_arrow_joins_nodes_that_are_there(graph: RuleGraph) -> None:
    """Ids are of nodes, and each node has one."""
    ids = [node.id for node in graph.nodes]
    assert len(ids) == len(set(ids))
    assert [] == [one for one in graph.arrows if one.tail not in ids or one.head not in ids]


@given(st.text())
def test_no_text_breaks_out(text: str) -> None:
    """Whatever a name holds, it stays inside its quotes, on its line, and reads as it is."""
    graph = RuleGraph((Node("n1", "action", text, mark="risk_low"),), (Arrow("n1", "n1", "does", text),))
    shown = clean(text).replace("\n", " ")
    node, loop = mermaid(graph).splitlines()[1:3]
    unescaped = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), node.removeprefix('  n1[["').removesuffix('"]]'))
    assert (shown, shown.count('"')) == (unescaped, node.count("#34;"))
    assert 2 * bool(shown) == loop.count('"')
    (label,) = re.findall(r'n1 \[label="((?:[^"\\]|\\.)*)", shape=cds', dot(graph))
    assert shown == re.sub(r"\\(.)", r"\1", label).replace("&amp;", "&")


@needs_graphviz
def test_graphviz_takes_it(graph: RuleGraph) -> None:
    """It draws every node and every arrow, whatever their texts hold."""
    ran = subprocess.run(["dot", "-Tplain"], input=dot(graph), capture_output=True, text=True, check=False)
    assert (0, "") == (ran.returncode, ran.stderr)
    words = [line.split(maxsplit=1)[0] for line in ran.stdout.splitlines()]
    assert (len(graph.nodes), len(graph.arrows)) == (words.count("node"), words.count("edge"))


@needs_graphviz
def test_the_command_draws_an_svg(call: Call, tmp_path: Path) -> None:
    """In a file, with the names of rules, kinds and actions in it."""
    found = call("graph", RULES, "--format", "svg", "--output", tmp_path / "rules.svg")
    assert (0, "", "") == (found.code, found.out, found.err)
    drawn = (tmp_path / "rules.svg").read_text("utf-8")
    assert [] == [name for name in ("heal&#45;dead&#45;host", "host.dead", "compute.fence") if name not in drawn]


def test_without_graphviz_the_command_says_so(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It names what is missing and what can be had without it, and writes nothing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = call("graph", RULES, "--format", "svg", "--output", tmp_path / "rules.svg")
    assert (3, "", False) == (found.code, found.out, (tmp_path / "rules.svg").exists())
    assert "there is no `dot` here; install Graphviz, or take `--format dot`" in found.err


def test_what_graphviz_says_is_passed_on(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Graphviz that fails ends the command with its word."""
    broken = tmp_path / "dot"
    broken.write_text("#!/bin/sh\necho no plug-in for svg >&2\nexit 1\n", "utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = call("graph", RULES, "--format", "svg")
    assert (3, "selfheal: Graphviz cannot draw it: no plug-in for svg\n") == (found.code, found.err)


@pytest.mark.parametrize("form", ["mermaid", "dot"])
def test_the_command_writes_the_graph(call: Call, tmp_path: Path, graph: RuleGraph, form: str) -> None:
    """To standard output, or the same to a file; Mermaid where nothing is asked for."""
    text = mermaid(graph) if form == "mermaid" else dot(graph)
    assert (0, text) == ((found := call("graph", *FILES, "--format", form)).code, found.out)
    assert "" == call("graph", *FILES, "--format", form, "--output", tmp_path / "graph").out
    assert text == (tmp_path / "graph").read_text("utf-8")
    assert mermaid(graph) == call("graph", *FILES).out


def test_rules_with_errors_are_not_drawn(call: Call, tmp_path: Path) -> None:
    """They are refused as `run` refuses them."""
    (tmp_path / "rules.yaml").write_text("selfheal: 1\nruleset: x\nrules: [{}]\n", "utf-8")
    found = call("graph", tmp_path)
    assert (3, "") == (found.code, found.out)
    assert "error[SH101]" in found.err


def test_a_place_that_cannot_be_written_is_said(call: Call, tmp_path: Path) -> None:
    """Without a traceback."""
    found = call("graph", RULES, "--output", tmp_path / "nowhere" / "graph")
    assert (3, "selfheal: the output cannot be written: no such file or directory\n") == (found.code, found.err)
