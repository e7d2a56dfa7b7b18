"""
The page of sources is true: it has every source in the order they are asked, and says what each gives.

The vocabulary says of each kind where it comes from; page, normalizers and pollers are held against that.
"""

import ast
import re
from pathlib import Path

import pytest

import selfheal_rules.integrations.pollers
from selfheal_rules import load_rules
from selfheal_rules.model import Conclude
from selfheal_rules.normalize import RECOGNISERS
from tests.payloads import NAMES, VOCABULARY, WRITTEN, items

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "sources.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
OF = {source: [name for name in [*NAMES, *WRITTEN] if name.startswith(f"{source}/")] for source in SECTIONS}

OWN = [kind for kind in VOCABULARY.kinds.values() if not kind.name.startswith("selfheal.")]


def _gives(source: str) -> set[str]:
    """Give the kinds the page names for a source; its aliases are named by their schemes."""
    said = re.search(r"\*\*Gives:\*\* (.*?)(?=\n\n|\Z)", SECTIONS[source], re.DOTALL)
    assert said
    kinds = {word for word in re.findall(r"`([\w.]+)`", said[1]) if word in VOCABULARY.kinds}
    return kinds | ({"alias"} if "alias" in said[1] else set())


def test_every_source_has_its_section() -> None:
    """In the order in which they are asked."""
    assert [source.name for source in RECOGNISERS] == list(SECTIONS)


@pytest.mark.parametrize("source", SECTIONS)
def test_a_section_says_how_and_what(source: str) -> None:
    """How the source is switched on, and what it gives."""
    assert SECTIONS[source].startswith("**On:** ")
    assert "**Gives:** " in SECTIONS[source]


@pytest.mark.parametrize("source", [source for source in SECTIONS if OF[source] and source != "zaqar"])
def test_a_source_gives_what_its_section_says(source: str) -> None:
    """All that its payloads give is named, but for what the generic source gives of them."""
    given = {item.kind for name in OF[source] for item in items(name)} - {"openstack.notification"}
    assert set() == given - _gives(source)


def test_every_kind_names_its_sources() -> None:
    """No kind of the shipped vocabulary is one that nobody gives: the others a shipped rule set concludes."""
    rules = [rule for path in sorted(ROOT.glob("rulesets/*/rules.yaml")) for rule in load_rules(path).rules]
    concluded = {step.kind for rule in rules for step in rule.then if isinstance(step, Conclude)}
    assert [] == [kind.name for kind in OWN if not kind.sources and kind.name not in concluded]
    assert [] == [name for name in VOCABULARY.sources if not any(name in kind.sources for kind in OWN)]


@pytest.mark.parametrize("source", [source for source in SECTIONS if source != "cloudevents"])
def test_a_section_gives_what_the_vocabulary_says(source: str) -> None:
    """The kinds that name a source, or what of it has a switch of its own, are those of its section."""
    feeds = [name for name in VOCABULARY.sources if name.partition(".")[0] == source]
    assert feeds
    assert {kind.name for kind in OWN for name in kind.sources if name in feeds} == _gives(source)


@pytest.mark.parametrize("name", [one.name for one in VOCABULARY.sources.values() if one.by in {"bus", "post"}])
def test_a_section_tells_how_it_is_switched_on(name: str) -> None:
    """The words of the vocabulary stand in the section."""
    section = " ".join(SECTIONS[name.partition(".")[0]].partition("**Gives:**")[0].split())
    assert VOCABULARY.sources[name].switch in section


def _polled() -> dict[str, set[str]]:
    """Give the kinds of each poller, read out of its code."""
    tree = ast.parse(Path(selfheal_rules.integrations.pollers.__file__).read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]
    calls = {one.name: [node for node in ast.walk(one) if isinstance(node, ast.Call)] for one in functions}
    made = {name: [one for one in found if ast.unparse(one.func) == "_state"] for name, found in calls.items()}
    return {name: {ast.literal_eval(one.args[0]) for one in found} for name, found in made.items() if found}


def test_pollers_give_what_the_vocabulary_says() -> None:
    """Every poller is a source of its name, of just the kinds it makes states of."""
    feeds = [one.name for one in VOCABULARY.sources.values() if one.by == "poll"]
    assert {name: {kind.name for kind in OWN if name in kind.sources} for name in feeds} == _polled()


def test_every_kind_comes_in_some_payload() -> None:
    """Each is given by some payload of the tests, but for what only a poller or a monitor says."""
    ways = {kind.name: {VOCABULARY.sources[name].by for name in kind.sources} for kind in OWN}
    sent = {name for name, by in ways.items() if by & {"bus", "post"}}
    assert set() == sent - {item.kind for name in [*NAMES, *WRITTEN] for item in items(name)} - MONITORED


MONITORED = {"host.returned", "process.returned", "process.failed"}
"""What Masakari's monitors report of a host and a process; their bodies are put together in its own tests."""


def test_every_payload_is_of_a_source_that_has_a_section() -> None:
    """Folders of payloads are called as the sources are; Glance and Keystone have no kinds of their own."""
    folders = {name.partition("/")[0] for name in [*NAMES, *WRITTEN]}
    assert {"glance", "keystone"} == folders - SECTIONS.keys()
