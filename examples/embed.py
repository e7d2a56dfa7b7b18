"""Raw payloads in, decisions out, in ten lines; run it from the root of the repository."""

from pathlib import Path

import selfheal_rules as sr
from selfheal_rules.normalize import Problem, read_items

program = sr.compile_rules(sr.load_rules("rulesets/compute-host-failure"))
engine = sr.Engine(program)
with Path("examples/events/compute-host-failure.jsonl").open("rb") as payloads:
    for read in read_items(payloads, vocabulary=program.vocabulary):
        if isinstance(read, Problem):
            print(f"line {read.line} gave no item: {read.message}")
            continue
        for decision in engine.post(read.item):
            print(decision.time, decision.verdict.status, decision.action, decision.target, "by", decision.rule)
