"""What tests of sources share: a healer that turns in a thread of its own, an application to post to, and payloads."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from attrs import define, field

from selfheal_rules.check import load_rules
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.engine import Engine
from selfheal_rules.healer import Healer
from selfheal_rules.integrations.intake import Intake, Repetitions
from selfheal_rules.integrations.senders import Rates, Senders
from selfheal_rules.integrations.webhook import PATH, Reader, Webhook
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.mapping import PayloadMapping
from selfheal_rules.serve.turns import Turns

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)


@cache
def program() -> Program:
    """Compile the shipped rule set."""
    return compile_rules(load_rules(ROOT / "rulesets" / "compute-host-failure"))


@define
class Clock:
    """A clock that only a test moves."""

    seconds: float = 0.0

    def __call__(self) -> float:
        """Tell the seconds."""
        return self.seconds


@define
class Site:
    """A healer over a journal in a folder, its intake, and the application in front of it."""

    folder: Path
    most: int = 100
    clock: Clock = field(factory=Clock)
    mappings: tuple[PayloadMapping, ...] = ()
    senders: Senders = field(factory=Senders)
    options: Mapping[str, Any] = field(factory=dict)
    rate: float = 1e9
    healer: Healer = field(init=False)
    intake: Intake = field(init=False)
    turns: Turns = field(init=False)
    webhook: Webhook = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Wire them."""
        self.healer = Healer(Engine(program()), FileJournal(self.folder / "heal.jsonl"))
        self.intake = Intake(self.most)
        self.turns = Turns(self.healer, self.intake, Repetitions(self.clock), lambda: NOW)
        reader = Reader(program().vocabulary, lambda: NOW, self.mappings)
        rates = Rates(self.rate, self.clock)
        self.webhook = Webhook(self.intake, lambda: reader, rates, self.senders, **self.options)

    @contextmanager
    def turning(self) -> Iterator[None]:
        """Turn in a thread until left."""
        ended = threading.Event()

        def turn() -> None:
            while not ended.is_set():
                self.turns.turn(0.01)

        thread = threading.Thread(target=turn)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def post(self, *bodies: Any, headers: Mapping[str, str] | None = None) -> list[httpx.Response]:  # noqa: ANN401 - JSON
        """Post bodies at once, and give the answers in their order."""
        return asyncio.run(self._posted(bodies, headers or {}))

    async def _posted(self, bodies: Sequence[Any], headers: Mapping[str, str]) -> list[httpx.Response]:
        transport = httpx.ASGITransport(self.webhook.application())
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            sent = [client.post(PATH, content=_written(body), headers=dict(headers)) for body in bodies]
            return await asyncio.gather(*sent)

    def recorded(self) -> Counter[str]:
        """Count what the journal has, by kind of item; written here by somebody who knows its format only."""
        lines = (self.folder / "heal.jsonl").read_bytes().splitlines()
        records = [json.loads(line) for line in lines]
        return Counter(one["data"]["kind"] for one in records if one["type"] in {"event", "state"})


def _written(body: Any) -> bytes:  # noqa: ANN401 - JSON
    return body if isinstance(body, bytes) else json.dumps(body).encode()
