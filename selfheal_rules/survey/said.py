"""What a source says in every item of a kind: a value that no source gives is in no stream, whatever leaves ask for."""

from collections.abc import Iterator, Mapping, Sequence

from selfheal_rules.check.alternatives import shared_type
from selfheal_rules.check.domains import contradict
from selfheal_rules.check.meeting import Meeting
from selfheal_rules.check.possible import by_field
from selfheal_rules.model import Literal, Pattern, RuleSet, Test
from selfheal_rules.vocabulary import Vocabulary

_REPORTS = "service.liveness"
_OF_NOVA = Test(("project",), "is", Literal("nova")), Test(("agent",), "exists", Literal(value=False))
_NAMED = Test(("binary",), "in", (Literal("nova-compute"), Literal("nova-scheduler"), Literal("nova-conductor")))
_MASAKARI = (Test(("reason",), "is", Literal("masakari")),)
_BY_UUID = Test(("host",), "exists", Literal(value=False)), Test(("host_uuid",), "exists", Literal(value=True))
_BY_NAME = Test(("host",), "exists", Literal(value=True)), Test(("host_uuid",), "exists", Literal(value=False))
_OF_HOSTS = {"masakari.monitors": _BY_NAME, "masakari": _BY_UUID}
_SAID: Mapping[str, Mapping[str, tuple[Test, ...]]] = {
    _REPORTS: {
        "nova_services": (*_OF_NOVA, Test(("binary",), "starts_with", Literal("nova-"))),
        "neutron_agents": (
            Test(("project",), "is", Literal("neutron")),
            Test(("binary",), "not", _NAMED.operand),
        ),
    },
    "host.lost": _OF_HOSTS,
    "host.returned": _OF_HOSTS,
    "host.maintenance": {
        "masakari": _MASAKARI,
        "masakari_hosts": _MASAKARI,
        "fenix": (Test(("reason",), "is", Literal("fenix")),),
    },
}
"""By kind and source; what a kind has from a source that is not named may be anything."""


def _said(kind: str, vocabulary: Vocabulary) -> Mapping[str, tuple[Test, ...]]:
    """Give what each source of a kind says; nothing where some source of it is not known."""
    declared, said = vocabulary.kinds.get(kind), _SAID.get(kind, {})
    return said if declared and declared.sources and set(declared.sources) <= said.keys() else {}


def telling(pattern: Pattern, vocabulary: Vocabulary, ruleset: RuleSet) -> Iterator[tuple[str, str]]:
    """Give the kinds and sources that may say what a pattern asks for; none where nothing is known of its kinds."""
    asked = by_field(pattern)
    for kind in pattern.kinds:
        for source, tests in _said(kind, vocabulary).items():
            if not any(_denied(test, asked.get(test.path, ()), kind, vocabulary, ruleset) for test in tests):
                yield kind, source


def _denied(test: Test, asked: Sequence[Test], kind: str, vocabulary: Vocabulary, ruleset: RuleSet) -> bool:
    known = shared_type((kind,), test.path, vocabulary)
    return bool(known and contradict([test, *asked], known, ruleset))


def let_sources_say(meeting: Meeting) -> bool:
    """
    Ask of each item what one of its sources says of it; False where no source says what is asked for.

    A service is one of those that are known, where it may be: a stream should look like a real one.
    """
    for at, pattern in enumerate(meeting.patterns):
        said = _said(pattern.kinds[0], meeting.subject.vocabulary)
        ways = [(*tests, *more) for tests in said.values() for more in ((_NAMED,), ()) if pattern.kinds[0] == _REPORTS]
        if said and not any(_fits(meeting, at, tests) for tests in ways or said.values()):
            return False
    return True


def _fits(meeting: Meeting, at: int, tests: Sequence[Test]) -> bool:
    """Ask an item for what a source says, unless that cannot be."""
    before = {place: list(asked) for place, asked in meeting.tests.items()}
    for test in tests:
        meeting.tests.setdefault((at, test.path), []).append(test)
    if any(meeting.contradictions()):
        meeting.tests = before
        return False
    return True
