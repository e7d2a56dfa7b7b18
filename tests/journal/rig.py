"""What tests of the journal share: rules that act, an engine that allows, and journals to be opened again and again."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from attrs import define, field

from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State, checked
from selfheal_rules.execute import Executors
from selfheal_rules.healer import Healer
from selfheal_rules.journal import Entry, Journal, Record
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.journal.items import Input, inputs
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.policy import Policy
from selfheal_rules.source import Source
from tests.generate.streams import moment
from tests.semantics.rig import beat, load, rule

FREE = """
selfheal_policy: 1
policy: free
mode: enforce
autonomy: [{grade: auto}]
"""
"""A site that lets everything act."""


@cache
def free() -> Policy:
    """Give that policy."""
    return read_policy(Source("policy.yaml", FREE))


def enforcing(program: Program, **settings: Any) -> Engine:  # noqa: ANN401 - those of an engine
    """Give an engine whose decisions are allowed."""
    return Engine(program, policy=free(), **settings)


RULES = rule("{as: p, event: fail}", "[{do: compute.disable_service, target: $p.host}]", name="each") + rule(
    "{as: q, state: node, where: {level: high}, for: 5s}",
    "[{do: compute.lock_server, target: $q.host, retry: {times: 1, backoff: 2s}, "
    "confirm: {event: beat, where: {host: $q.host, n: 1}, within: 4s}}, {do: notify, target: $q.host}]",
    name="lasting",
)
"""One rule that fires at once, and one by a timer, whose first step is tried twice and then confirmed by a beat."""


def program(rules: str = RULES) -> Program:
    """Compile rules over the vocabulary of the generated ones."""
    return compile_rules(load(rules))


PROGRAM = program()


def entries(*items: Input) -> list[Entry]:
    """Give inputs as entries, held against their kinds."""
    return inputs(checked(item, PROGRAM.vocabulary) if isinstance(item, Event | State) else item for item in items)


def beats(first: int, last: int) -> list[Entry]:
    """Give the entries of some events that mean nothing."""
    return entries(*(beat(at, id=f"b{at}", n=at) for at in range(first, last)))


def told(records: Iterable[Record]) -> list[tuple[str, int, Any]]:
    """Give what records say, the marks of recovery and the bytes of snapshots aside."""
    return [
        (one.type, one.inputs, one.data["program"] if one.type == "snapshot" else one.data)
        for one in records
        if one.type != "recovery"
    ]


@define
class Hands:
    """An executor that remembers what it was called for, and fails or breaks off where it is told to."""

    actions: tuple[str, ...] = ("compute.disable_service", "compute.lock_server", "notify")
    idempotent: bool = False
    calls: list[str] = field(factory=list)
    keys: list[str] = field(factory=list)
    answers: dict[str, BaseException] = field(factory=dict)  # action → what is raised

    def execute(self, decision: Decision) -> Outcome:
        """Remember the call."""
        self.keys.append(decision.idempotency_key)
        self.calls.append(f"{decision.action.removeprefix('compute.')} {decision.target}#{decision.attempt}")
        if decision.action in self.answers:
            raise self.answers[decision.action]
        return Outcome(decision.id, "done", decision.time, attempt=decision.attempt)


@define
class Free:
    """A fence of a healer that nobody takes over from."""

    token: int = 1

    def check(self) -> None:
        """Find nothing wrong."""


def healer(journal: Journal, hands: Hands | None = None, *, engine: Engine | None = None, every: int = 50) -> Healer:
    """Give a healer over a journal; its executors know no time but that of the decisions."""
    executors = Executors([hands], clock=lambda: moment(0)) if hands else None
    return Healer(engine or enforcing(PROGRAM), journal, executors, every=every)


def file_journal(folder: Path, **settings: int) -> FileJournal:
    """Open the file journal of a test."""
    return FileJournal(folder / "heal.jsonl", **settings)
