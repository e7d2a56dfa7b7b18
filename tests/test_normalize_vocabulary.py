"""The shipped vocabulary: every word of it is explained, given by a normalizer or by hand, and on its page."""

import pytest

from selfheal_rules.normalize import aodh, collectd, kapacitor, monasca, nagios, vitrage, zabbix
from selfheal_rules.normalize.cinder import PHASES as STORAGE_PHASES
from selfheal_rules.normalize.heat import PHASES as STACK_PHASES
from selfheal_rules.normalize.heat import STATUSES as STACK_STATUSES
from selfheal_rules.normalize.masakari import STATUSES as RECOVERY_STATUSES
from selfheal_rules.normalize.mistral import STATUSES as WORKFLOW_STATUSES
from selfheal_rules.normalize.nova_instance import PHASES, POWER_STATES, STATUSES
from selfheal_rules.normalize.severity import WORDS as COMMON_WORDS
from selfheal_rules.normalize.watcher import STATUSES as WATCHER_STATUSES
from selfheal_rules.vocabulary import Kind
from tests.payloads import VOCABULARY
from tests.vocabulary_page import PAGE, page

OWN = [kind for kind in VOCABULARY.kinds.values() if not kind.name.startswith("selfheal.")]
LADDER = ("info", "warning", "minor", "major", "critical")


def _values(kind: str, field: str) -> tuple[str, ...]:
    values: tuple[str, ...] = VOCABULARY.kinds[kind].fields[field].type.values
    return values


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.name)
def test_every_word_has_its_line_and_its_origin(kind: Kind) -> None:
    """Each kind and each field says what it means; each field also where it is from."""
    assert kind.doc.endswith((".", "`"))
    assert [] == [name for name, field in kind.fields.items() if not field.doc or not field.origin]


def test_the_page_is_the_vocabulary() -> None:
    """`python -m tests.vocabulary_page` writes it anew."""
    assert page(VOCABULARY) == PAGE.read_text(encoding="utf-8")


def test_severities_are_on_the_ladder() -> None:
    """What the sources' words are mapped to are its rungs, and the ladder goes up."""
    assert LADDER == _values("alarm", "severity")
    maps = (aodh, collectd, kapacitor, monasca, nagios, vitrage, zabbix)
    words = {word for source in maps for word in source.SEVERITIES.values()} | {*COMMON_WORDS.values()}
    assert set() == words - set(LADDER)


def test_words_that_are_mapped_are_words_of_the_vocabulary() -> None:
    """A normalizer's table and the enum it feeds are one list, `unknown` beside it."""
    assert (*STATUSES, "unknown") == _values("instance", "status")
    assert (*POWER_STATES, "unknown") == _values("instance", "power_state")
    assert (*PHASES, "once") == _values("instance.action", "phase")
    assert RECOVERY_STATUSES == _values("recovery", "status")
    assert (*WATCHER_STATUSES, "unknown") == _values("watcher.action", "status")
    assert (*WORKFLOW_STATUSES, "unknown") == _values("workflow", "status")
    assert (*STACK_STATUSES, "unknown") == _values("stack", "status")
    assert (*STACK_PHASES, "once") == _values("stack.action", "phase")
    assert (*STORAGE_PHASES, "once") == _values("storage.action", "phase")
