"""Measuring on a machine that others use too: process CPU time, interleaved rounds, ratios within one run only."""

import gc
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

import selfheal_rules as sr
from benchmarks.workload import Workload
from selfheal_rules.events import check_item, checked

Answer = Counter[tuple[str, str]]
"""How often each (rule, target) was decided."""

Run = Callable[[], tuple[float, Answer]]
"""One round from a fresh start: CPU seconds, and what was decided."""


@frozen
class Timing:
    """CPU seconds of every round of one contender."""

    seconds: tuple[float, ...]

    @property
    def best(self) -> float:
        """The round the machine disturbed least."""
        return min(self.seconds)

    def to_json(self, items: int) -> dict[str, object]:
        """Give the rounds as microseconds an item."""
        rounds = [round(seconds / items * 1e6, 4) for seconds in self.seconds]
        return {"us_per_item": min(rounds), "median": statistics.median(rounds), "rounds": rounds}


def load(text: str) -> sr.RuleSet:
    """Load a rule set from its YAML text by the door every user takes: a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rules.yaml"
        path.write_text(text, encoding="utf-8")
        return sr.load_rules(path)


def program_of(workload: Workload) -> sr.Program:
    """Load, check and compile the rules of a workload, and hold its items against their kinds once."""
    rules = load(workload.rules)
    program = sr.compile_rules(rules)
    for item in workload.items:
        checked(item, rules.vocabulary)
    return program


def fresh_engine(program: sr.Program, workload: Workload, matcher: str = "native") -> sr.Engine:
    """Give an engine that knows the facts and has seen nothing else."""
    engine = sr.Engine(program, matcher=matcher)
    for fact in workload.facts:
        engine.post(fact)
    return engine


def by_script(workload: Workload) -> Run:
    """Give the hand-written peer as a contender."""

    def run() -> tuple[float, Answer]:
        handle, out = workload.script(workload)
        items = workload.items
        begin = time.process_time()
        for item in items:
            handle(item)
        return time.process_time() - begin, Counter((rule, target) for rule, target, _ in out)

    return run


def by_post(workload: Workload, program: sr.Program, matcher: str = "native") -> Run:
    """Give the engine as a contender, one item at a time."""

    def run() -> tuple[float, Answer]:
        post, items = fresh_engine(program, workload, matcher).post, workload.items
        out: list[sr.Decision] = []
        begin = time.process_time()
        for item in items:
            for decision in post(item):
                out.append(decision)  # noqa: PERF402 - what an embedder writes
        return time.process_time() - begin, _answer(out)

    return run


BATCH = 500
"""How many items `post_all` is given at once: what a healer takes between two writes to its journal."""


def by_post_all(workload: Workload, program: sr.Program) -> Run:
    """Give the engine as a contender, `BATCH` items at a time."""

    def run() -> tuple[float, Answer]:
        post_all, items = fresh_engine(program, workload).post_all, workload.items
        out: list[sr.Decision] = []
        begin = time.process_time()
        for start in range(0, len(items), BATCH):
            for step in post_all(items[start : start + BATCH]):
                if step:
                    out += step
        return time.process_time() - begin, _answer(out)

    return run


def door(workload: Workload, rules: sr.RuleSet) -> float:
    """Give the CPU seconds of holding every item of a workload against its kind: what ready items have behind them."""
    kinds = rules.vocabulary.kinds
    begin = time.process_time()
    for item in workload.items:
        check_item(item, kinds[item.kind])
    return time.process_time() - begin


def _answer(decisions: Iterable[sr.Decision]) -> Answer:
    return Counter((decision.rule, str(decision.target)) for decision in decisions)


def interleaved(runs: Mapping[str, Run], rounds: int, expected: int) -> dict[str, Timing]:
    """
    Run every contender once a round, and check every answer.

    The items stand outside the collector's reach, as they would not be there in real use; all else it may walk.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    gc.collect()
    gc.freeze()
    answers: dict[str, Answer] = {}
    for _ in range(rounds):
        for name, run in runs.items():
            gc.collect()
            taken, answers[name] = run()
            seconds[name].append(taken)
            assert expected == answers[name].total(), f"{name}: {answers[name].total()} decisions, not {expected}"
            assert answers["script"] == answers[name], f"{name} decided otherwise than the script"
    gc.unfreeze()
    return {name: Timing(tuple(rounds_of)) for name, rounds_of in seconds.items()}
