"""What is known of an action before anybody does it."""

from typing import Literal, TypeAlias

from attrs import frozen

from selfheal_rules.values import EMPTY, FrozenMap
from selfheal_rules.vocabulary import BOOLEAN, DURATION, INTEGER, STRING, FieldType

Risk: TypeAlias = Literal["none", "low", "high"]
"""`none` touches nothing, `low` may be done again or undone at no loss, `high` may take away what runs or is stored."""

Again: TypeAlias = Literal["state", "key", "marker", "refused", "twice"]
"""
What a second call under the same key does.

`state`: the action asks for a state, and finds it. `key`: the service itself knows the key. `marker`: the first call
left a mark in the target. `refused`: what the first call began keeps the second from starting. `twice`: it is done
twice, so it is never called again where it is not known what became of the first.
"""

AGAIN = FrozenMap(
    {
        "state": "asks for a state, and finds it",
        "key": "the service keeps the key of the decision",
        "marker": "finds its mark in the target",
        "refused": "is refused while, or because, the first was done",
        "twice": "does it again",
    }
)
"""Each of `Again` in words."""


@frozen
class Param:
    """One value a step may give an action under `with`; its `doc` says the unit where there is one."""

    type: FieldType
    doc: str
    required: bool = False


@frozen
class ActionType:
    """
    One action by the name rules call it.

    `target` says what the step's target names, or is empty where there is none. `undo` is the action that takes it
    back. `needs` is what has to hold of the target before it is done. `confirm` is the condition, in the language
    of rules, that shows that it worked; `{target}` stands for the step's target. `api` is the service and the
    lowest version of its API, `role` the role its default policies ask for where the target is another project's.
    `others` says what values under any other name become; where it is empty there are none. `retired` says when the
    project of its service ended.
    """

    name: str
    risk: Risk
    doc: str
    target: str = ""
    params: FrozenMap = EMPTY  # name → Param
    undo: str = ""
    again: Again = "twice"
    needs: str = ""
    confirm: str = ""
    api: str = ""
    role: str = "admin"
    others: str = ""
    retired: str = ""

    @property
    def is_destructive(self) -> bool:
        """Whether a cause that goes away can no longer cancel what comes after it."""
        return self.risk == "high"

    @property
    def is_named_by_target(self) -> bool:
        """Whether its target alone says what is done: no value has to be given, nor may be under a name of its own."""
        return not (self.others or any(one.required for one in self.params.values()))


def params(**declared: Param) -> FrozenMap:
    """Give params by name, in their order."""
    return FrozenMap(declared)


def text(doc: str, *, required: bool = False) -> Param:
    """Give a param that is a text."""
    return Param(STRING, doc, required)


def number(doc: str, *, required: bool = False) -> Param:
    """Give a param that is a whole number."""
    return Param(INTEGER, doc, required)


def flag(doc: str) -> Param:
    """Give a param that is true or false."""
    return Param(BOOLEAN, doc)


def span(doc: str) -> Param:
    """Give a param that is a duration."""
    return Param(DURATION, doc)


def word(doc: str, *words: str, required: bool = False) -> Param:
    """Give a param that is one of some words."""
    return Param(FieldType("enum", words), doc, required)


def several(doc: str, *, required: bool = False) -> Param:
    """Give a param that is a list of texts."""
    return Param(FieldType("list", element=STRING), doc, required)
