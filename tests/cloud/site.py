"""A site that nobody looks after: a healer over a journal, that asks a real cloud again and again."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define

import selfheal_rules as sr
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute import Executors
from selfheal_rules.execute.executor import Executor
from selfheal_rules.execute.openstack import cloud_executors
from selfheal_rules.execute.openstack.api import Api
from selfheal_rules.healer import Healer
from selfheal_rules.integrations.pollers import Sweep, Watch
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.parse.policy import parse_policy
from selfheal_rules.source import Source
from tests.cloud.hook import Hook
from tests.cloud.rig import PACE, PATIENCE, Cloud

if TYPE_CHECKING:
    from selfheal_rules.journal.items import Input

STORIES = Path(__file__).parent / "stories"
POLICY = """\
selfheal_policy: 1
policy: test
mode: enforce
autonomy: [{action: "*", grade: auto}]
"""


@define
class Pager:
    """Wakes nobody, and keeps what it would have said."""

    said: list[str]
    actions: tuple[str, ...] = ("page", "notify")
    idempotent: bool = True

    def execute(self, decision: Any) -> sr.Outcome:  # noqa: ANN401 - an `Order`, which is a decision to all who read it
        """Keep it."""
        self.said.append(f"{decision.target}: {decision.params.get('text', '')}")
        return sr.Outcome(decision.id, "done", datetime.now(UTC), attempt=decision.attempt)


@define
class Site:
    """A healer over a journal, and what it hears by: sweeps over a cloud, and webhooks."""

    cloud: Cloud
    healer: Healer
    watches: tuple[Watch, ...]
    hook: Hook | None
    journal: Path
    paged: list[str]

    def look(self) -> None:
        """Take what was told meanwhile, and what the cloud says now; a service that is away says nothing."""
        now = datetime.now(UTC)
        told: list[Input] = list(self.hook.taken()) if self.hook else []
        for watch in self.watches:
            with suppress(ExecutorError):
                told += watch.look(Api(self.cloud.connection), now)
        self.healer.take([*told, datetime.now(UTC)])

    def until(self, shows: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        """Go on until something shows."""
        end = time.monotonic() + patience
        while not shows():
            assert time.monotonic() < end, f"{what}: not within {patience} s\n{told(self.journal)}"
            self.look()
            time.sleep(PACE)

    def go_on(self, seconds: float) -> None:
        """Go on for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(PACE)

    def done(self) -> Counter[str]:
        """Count how often each action was about to be carried out."""
        return Counter(str(one.said("action")) for one in self._records("intent"))

    def decided(self, status: str) -> list[dict[str, Any]]:
        """Give the decisions of one status, as the journal has them."""
        return [one.data for one in self._records("decision") if one.data["verdict"] == status]

    def _records(self, kind: str) -> list[Any]:
        return [one for one in FileJournal(self.journal).records() if one.type == kind]


def site(
    cloud: Cloud,
    journal: Path,
    story: str,
    sweeps: Iterable[Sweep],
    *,
    hook: Hook | None = None,
    policy: str = POLICY,
    executors: Iterable[Executor] | None = None,
) -> Site:
    """Make a healer on a cloud, or take up the journal of one that ended."""
    said, report = parse_policy(Source("policy.yaml", policy))
    assert said is not None, report.render()
    engine = sr.Engine(sr.compile_rules(sr.load_rules(STORIES / f"{story}.yaml")), policy=said)
    paged: list[str] = []
    able = executors or cloud_executors(cloud.connection, pace=PACE)
    healer = Healer(engine, FileJournal(journal), Executors([*able, Pager(paged)]))
    return Site(cloud, healer, tuple(Watch(sweep) for sweep in sweeps), hook, journal, paged)


def told(journal: Path) -> str:
    """Give what a journal says was decided, done and answered, for a person whose test has failed."""
    shown = ("decision", "intent", "outcome")
    return "\n".join(f"{one.type} {one.data}" for one in FileJournal(journal).records() if one.type in shown)
