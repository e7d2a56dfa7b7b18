"""A step that asks to be issued, and what episodes need of whoever lets it."""

from collections.abc import Iterable
from typing import Any, Protocol, TypeAlias

from selfheal_rules.compile.plan import Action, Ruling
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.episode import Episode, Progress
from selfheal_rules.match.network import Network
from selfheal_rules.match.populations import scope_of
from selfheal_rules.spelling import identity
from selfheal_rules.values import Value

Flight: TypeAlias = tuple[int, int, int]
"""An attempt at a step: the numbers of its episode, step and attempt."""
Queue: TypeAlias = tuple[str, Any]
"""What held steps wait for: a guard, and what it goes by."""


class Proposal:
    """One attempt at a step, from when it asks to be issued until it is or never will be."""

    __slots__ = (
        "acting", "action", "asked", "deadline", "episode", "guarded", "id", "index", "level", "otherwise", "params",
        "place", "progress", "rule", "ruleset", "shadow", "since", "step", "target", "targeted", "ticket", "words",
    )  # fmt: skip

    def __init__(self, ticket: int, episode: Episode, index: int, step: Action, ruling: Ruling) -> None:
        """Ask for the step of an episode."""
        self.ticket = ticket
        self.episode = episode
        self.index = index
        self.progress: Progress = episode.steps[index]
        self.ruleset = ruling.ruleset
        self.rule = ruling.name
        self.action, self.step, self.params = step.action, step.name, self.progress.params
        self.target: Value = self.progress.target
        self.place = scope_of((identity(self.target),))
        """The target, as a key: the same for all spellings of it."""
        self.targeted = step.step.target is not None
        self.acting = step.acting
        self.deadline = step.deadline
        self.otherwise = index >= len(ruling.steps)
        """Whether it is a step of `else`."""
        self.guarded = step.acting or not (self.otherwise or ruling.acts)
        """Whether guards speak to it: to what touches something; in a rule where nothing does, to all but `else`."""
        self.since = self.progress.issued if self.otherwise else episode.opening.at
        """Since when there is cause for it: what `else` asks for is asked for since what was tried has failed."""
        self.level = episode.level
        self.shadow = False
        self.asked = False
        """Whether people were asked to approve it."""
        self.words = 0
        """How often its verdict was told."""
        self.id = ""

    @property
    def opens(self) -> bool:
        """Whether an episode begins with it, be it in `else`: nothing that guards speak to was let through before."""
        return self.guarded and not self.episode.admitted

    @property
    def timed(self) -> tuple[Episode, int, int]:
        """What a timer of this attempt is about."""
        return self.episode, self.index, self.progress.attempt

    @property
    def flight(self) -> Flight:
        """What tells this attempt from any other."""
        return self.episode.number, self.index, self.progress.attempt


class Gate(Protocol):
    """What episodes need of the guards."""

    seed: str
    """What the jitter of waits is drawn from."""
    tell_after: int
    """For how long guards may hold a step before people are told, in microseconds."""

    @property
    def strict(self) -> bool:
        """Whether every decision is judged; otherwise only those of rules that have guards."""

    @property
    def shadow_confirms(self) -> bool:
        """Whether a shadowed step counts as confirmed at once: the site has said that nobody will do it."""

    @property
    def acts(self) -> bool:
        """Whether any rule set may act: then nothing is concluded from what was only shadowed."""

    def attach(self, network: Network) -> None:
        """Watch the states that guards count."""

    def stirred(self) -> bool:
        """Whether something changed that held steps may wait for."""

    def observe(self, now: int) -> Iterable[Queue]:
        """Take note of what changed, and give what may wait for it."""

    def judge(self, proposal: Proposal, rivals: Iterable[Proposal], now: int) -> Verdict:
        """Give the verdict on a proposal beside others on its target, charging budgets where it is let through."""

    def yields(self, proposal: Proposal, rivals: Iterable[Proposal]) -> bool:
        """Whether a proposal would lose to one of these, should guards let that through."""

    def ended(self, flight: Flight, now: int, *, worked: bool | None) -> Iterable[Queue] | None:
        """
        Note that an attempt is over, and give what waits for that; None where it is not under way.

        `worked` is None where it is done, and nothing has shown that it helped.
        """

    def failed(self, episode: Episode, now: int, index: int | None = None) -> Iterable[Queue]:
        """Note that what an episode did has not helped, or that one step of it has failed after all."""

    def told(self, proposal: Proposal, verdict: Verdict) -> None:
        """Count what was said of a step."""

    def opened(self, episode: Episode, ruling: Ruling) -> None:
        """Count an episode that began."""

    def overdue(self, ruling: Ruling) -> None:
        """Count an episode that is held for so long that people are told."""

    def closed(self, episode: Episode, ruling: Ruling) -> None:
        """Count an episode that came to its end."""
