"""A healer over a journal in a file: run it twice, and the second run goes on where the first one ended."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import selfheal_rules as sr
from selfheal_rules.execute import DryRun, Executors
from selfheal_rules.healer import Healer
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.normalize import Reading, read_items

ACTIONS = ("compute.fence", "compute.evacuate_host", "compute.start_server", "notify")


def heal(journal: Path) -> None:
    """Take the sample stream in batches of four; only what a site policy allows reaches the executor."""
    program = sr.compile_rules(sr.load_rules("rulesets/compute-host-failure"))
    with Path("examples/events/compute-host-failure.jsonl").open("rb") as payloads:
        items = [one.item for one in read_items(payloads, vocabulary=program.vocabulary) if isinstance(one, Reading)]
    taken = sum(record.type in {"event", "state"} for record in FileJournal(journal).records())
    healer = Healer(sr.Engine(program), FileJournal(journal), Executors([DryRun(ACTIONS)]))
    healer.take()  # what an earlier run left to do
    for first in range(taken, len(items), 4):
        for decision in healer.take(items[first : first + 4]):
            print(decision.time, decision.verdict.status, decision.action, decision.target, "by", decision.rule)
    healer.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        heal(Path(sys.argv[1]))
    else:
        with TemporaryDirectory() as folder:
            heal(Path(folder) / "heal.jsonl")
