"""Acting while it serves: whoever carries a decision out keeps nobody waiting for an answer."""

import asyncio
import threading
from pathlib import Path

import httpx

from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.execute import Executors
from selfheal_rules.healer import Healer
from selfheal_rules.integrations.intake import Intake, Repetitions
from selfheal_rules.integrations.senders import Rates
from selfheal_rules.integrations.webhook import PATH, Reader, Webhook
from selfheal_rules.serve.turns import Turns
from tests.generate.streams import moment
from tests.journal.rig import PROGRAM, enforcing, file_journal
from tests.serve.rig import Clock

PATIENCE = 20.0


class Held:
    """An executor that is at it until the test lets it go."""

    actions = ("compute.disable_service",)
    idempotent = False

    def __init__(self) -> None:
        """Wait for nobody yet."""
        self.begun, self.let_go = threading.Event(), threading.Event()

    def execute(self, decision: Decision) -> Outcome:
        """Say that it has begun, and wait."""
        self.begun.set()
        assert self.let_go.wait(PATIENCE)
        return Outcome(decision.id, "done", decision.time, attempt=decision.attempt)


def _post(webhook: Webhook, host: str) -> int:
    head = {"specversion": "1.0", "type": "fail", "source": "test", "id": host, "time": moment(1).isoformat()}

    async def posted() -> int:
        transport = httpx.ASGITransport(webhook.application())
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            return (await client.post(PATH, json={**head, "data": {"host": host}})).status_code

    return asyncio.run(posted())


def test_alarms_are_answered_while_an_executor_is_at_it(tmp_path: Path) -> None:
    """Each is in the journal and decided; once the executor has ended its outcome is there, and the next begins."""
    held, clock, intake = Held(), Clock(), Intake()
    executors = Executors([held], clock=lambda: moment(1), workers=2, ended=intake.wake)
    healer = Healer(enforcing(PROGRAM), file_journal(tmp_path), executors)
    turns = Turns(healer, intake, Repetitions(clock), lambda: moment(1))
    reader = Reader(PROGRAM.vocabulary, lambda: moment(1))
    webhook = Webhook(intake, lambda: reader, Rates(1e9, clock))
    ended = threading.Event()

    def turn() -> None:
        while not ended.is_set() or executors.running:
            turns.turn(PATIENCE)

    turning = threading.Thread(target=turn)
    turning.start()
    try:
        assert 200 == _post(webhook, "a")
        assert held.begun.wait(PATIENCE)
        assert [200, 200] == [_post(webhook, host) for host in ("b", "c")]
        assert 3 == len(healer.course.waiting)
    finally:
        ended.set()
        held.let_go.set()
        turning.join(PATIENCE)
    assert ({}, False) == (healer.course.waiting, turning.is_alive())
    types = [one.type for one in file_journal(tmp_path).records() if one.type in {"event", "intent", "outcome"}]
    assert ["event", "intent", "event", "event", "outcome", "intent", "outcome", "intent", "outcome"] == types
