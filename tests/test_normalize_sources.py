"""The page of sources is true: it has every source in the order they are asked, and says what each gives."""

import re
from pathlib import Path

import pytest

from selfheal_rules.normalize import RECOGNISERS
from tests.payloads import NAMES, VOCABULARY, WRITTEN, items

PAGE = (Path(__file__).parents[1] / "docs" / "sources.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
OF = {source: [name for name in [*NAMES, *WRITTEN] if name.startswith(f"{source}/")] for source in SECTIONS}


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


def test_every_kind_comes_from_a_source() -> None:
    """No kind of the vocabulary is one that nobody says, and each is given by some payload of the tests."""
    own = {name for name in VOCABULARY.kinds if not name.startswith("selfheal.")} - POLLED
    assert own == {kind for source in SECTIONS for kind in _gives(source)}
    assert set() == own - {item.kind for name in [*NAMES, *WRITTEN] for item in items(name)} - MONITORED


POLLED = {"lb.amphora", "lb.status", "router", "service.liveness", "source.freshness", "storage.backend"}
"""What no payload tells, and a poller asks for."""
MONITORED = {"host.returned", "process.returned", "process.failed"}
"""What Masakari's monitors report of a host and a process; their bodies are put together in its own tests."""


def test_every_payload_is_of_a_source_that_has_a_section() -> None:
    """Folders of payloads are called as the sources are; Glance and Keystone have no kinds of their own."""
    folders = {name.partition("/")[0] for name in [*NAMES, *WRITTEN]}
    assert {"glance", "keystone"} == folders - SECTIONS.keys()
