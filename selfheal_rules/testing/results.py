"""What came of a case: whether all it says is so, and if not, what was wrong where."""

from typing import Literal, TypeAlias

from attrs import field, frozen

from selfheal_rules.decide.decision import Decision
from selfheal_rules.explain.why_not import Answer
from selfheal_rules.source import Span
from selfheal_rules.testing.cases import Case
from selfheal_rules.testing.runner import Played

Ending: TypeAlias = Literal["passed", "failed", "skipped"]


@frozen
class Failure:
    """One thing that is not as a case says: where it says so, in which lines it is told, what was decided instead."""

    title: str
    lines: tuple[str, ...] = ()
    span: Span | None = field(default=None, eq=False, repr=False)
    step: int | None = None
    """The step it was found at; None where it is about the case as a whole."""
    about: tuple[Decision, ...] = field(default=(), repr=False)
    """The decisions whose reasons help to understand it."""
    answers: tuple[Answer, ...] = field(default=(), repr=False)
    """Why what was expected did not come."""
    variant: str = ""
    played: Played = field(default=(), eq=False, repr=False)
    """What was played when it was found."""


@frozen
class Result:
    """What came of one case; `played` is its plain run, `notes` what a reader should know although nothing failed."""

    case: Case
    ending: Ending
    failures: tuple[Failure, ...] = ()
    played: Played = field(default=(), eq=False, repr=False)
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the case."""
        return self.case.name
