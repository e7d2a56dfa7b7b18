"""Other rules come in between two turns, and never between a decision and what becomes of it."""

import json
import os
import signal
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import structlog
from attrs import define, field

from selfheal_rules import compile_rules, load_rules
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.parse.policy import load_policy
from selfheal_rules.parse.serving import parse_serving
from selfheal_rules.serve.process import Loaded, Process
from selfheal_rules.source import Source
from tests.serve.rig import NOW

RULES = """
selfheal: 1
ruleset: r
vocabulary: [openstack]
rules:
  - id: told
    when: {as: kept, state: host.maintenance, for: 1m}
    then: [{do: notify, target: $kept.host}]
"""
POLICY = """
selfheal_policy: 1
policy: test
mode: enforce
autonomy: [{grade: auto}]
"""
CONFIG = """
selfheal_serve: 1
rules: [rules.yaml]
journal: heal.jsonl
sources: [{tail: items.jsonl}]
executors: {record: done.jsonl}
"""
ITEM = {"specversion": "1.0", "type": "host.maintenance", "source": "test", "id": "1", "time": NOW.isoformat()}


@define
class Site:
    """A process whose files change while it loads them: time passes, and a signal comes, whenever it reads them."""

    folder: Path
    now: datetime = NOW
    loads: int = 0
    log: list[str] = field(factory=list)

    def load(self) -> Loaded:
        """Give the rules; once the item is in, others come, and to load them takes two minutes."""
        self.loads += 1
        is_in = b"host.maintenance" in (self.folder / "heal.jsonl").read_bytes() if self.loads > 1 else False
        if not is_in:
            os.kill(os.getpid(), signal.SIGHUP)
        elif self.now == NOW:
            self.now += timedelta(minutes=2)
        text = RULES.replace("for: 1m", "for: 2m") if is_in else RULES
        rules, policy = self.folder / "rules.yaml", self.folder / "policy.yaml"
        rules.write_text(text, "utf-8")
        policy.write_text(POLICY, "utf-8")
        return Loaded(compile_rules(load_rules(rules)), load_policy(policy), ())

    def heard(self, _: Any, __: str, event: MutableMapping[str, Any]) -> NoReturn:  # noqa: ANN401 - as structlog calls it
        """Hear what is logged; once other rules have come in it is enough."""
        self.log.append(event["event"])
        if event["event"] == "reloaded" and self.now > NOW:
            os.kill(os.getpid(), signal.SIGTERM)
        raise structlog.DropEvent


def test_what_falls_due_while_rules_are_loaded_is_dealt_with_before_they_come_in(tmp_path: Path) -> None:
    """A SIGHUP that comes as it starts is heard once it serves; then a timer runs out in the middle of the next one."""
    serving, report = parse_serving(Source("serve.yaml", CONFIG))
    assert (serving, "") != (None, report.render())
    assert serving is not None
    (tmp_path / "items.jsonl").write_text(json.dumps({**ITEM, "data": {"host": "c1"}}) + "\n", "utf-8")
    site = Site(tmp_path)
    log = structlog.wrap_logger(None, processors=[site.heard])
    Process(serving, tmp_path, FileJournal(tmp_path / "heal.jsonl"), site.load, clock=lambda: site.now, log=log).run()
    records = [one for one in FileJournal(tmp_path / "heal.jsonl").records() if one.type in {"outcome", "control"}]
    told = [one.data.get("status") or one.data["act"] for one in records]
    assert ["done", "rules"] == [one for one in told if one != "policy"][-2:]
    assert "stopped" == site.log[-1]
