"""The catalogue of actions: what is known of each holds in the language of rules."""

import re

import pytest

from selfheal_rules.actions import AGAIN, CATALOGUE, ActionType
from selfheal_rules.actions.catalogue import is_destructive, risk_of
from selfheal_rules.execute import actions as offered
from tests.actions_page import PAGE, page

ACTIONS = tuple(CATALOGUE.values())


@pytest.mark.parametrize("action", [one for one in ACTIONS if one.undo], ids=lambda one: one.name)
def test_what_is_undone_is_undone_by_an_action(action: ActionType) -> None:
    """The way back is in the catalogue, and is on the same kind of thing, or on the node that is the host."""
    back = CATALOGUE[action.undo]
    assert action.target == back.target or (action.name, back.name) in {
        ("compute.fence", "baremetal.power_on"),
        ("orchestration.mark_unhealthy", "orchestration.check_stack"),
    }


def test_every_action_says_what_it_is() -> None:
    """A sentence each; on what, with which API and what a second call does; what does harm says what it needs."""
    sentence = re.compile(r"[A-Z].*\.")
    assert [] == [one.name for one in ACTIONS if not sentence.fullmatch(one.doc)]
    assert [] == [one.name for one in ACTIONS if "." in one.name and not (one.target and one.api)]
    assert [] == [one.name for one in ACTIONS if one.again not in AGAIN]
    assert [] == [name for name, one in CATALOGUE.items() if name != one.name]


def test_an_unknown_action_counts_among_the_worst() -> None:
    """Nobody has said that it does no harm."""
    assert "high" == risk_of("site.unknown")
    assert is_destructive("site.unknown")
    assert not is_destructive("notify")


def test_executors_find_the_catalogue_beside_them() -> None:
    """There is one catalogue, offered where executors look for it too."""
    assert CATALOGUE is offered.CATALOGUE


def test_the_page_says_what_the_catalogue_says() -> None:
    """`python -m tests.actions_page` writes it anew."""
    assert page() == PAGE.read_text(encoding="utf-8")
