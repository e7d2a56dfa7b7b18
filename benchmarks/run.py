"""
Measure everything and print a table: `python -m benchmarks.run [--quick] [--json FILE] [--only W1-100 …]`.

Exits with 1 where a figure falls short of its target (not with `--quick`, whose streams are too short to time).
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from benchmarks import durable_direct, floor, guards, loading, measure, memory, raw_bytes, targets
from benchmarks.measure import Timing, by_post, by_post_all, by_script, interleaved, load, program_of
from benchmarks.selection import WORKLOADS, workload_of
from benchmarks.targets import Figure


@frozen
class Scale:
    """How much is measured; `quick` is too little to time, and enough to see whether the answers are right."""

    events: int
    rounds: int
    durable_events: int
    memory_events: int
    waiting: int
    rules: int
    settles: bool
    """Whether its streams are long enough for memory to fill with all that is remembered, and to be judged after."""


FULL = Scale(60_000, 7, 20_000, 2_000_000, 100_000, 1000, settles=True)
QUICK = Scale(3_000, 2, 1_500, 40_000, 5_000, 100, settles=False)


def against_script(name: str, scale: Scale) -> tuple[list[Figure], dict[str, float]]:
    """Measure one workload against its script; gives the figures, and the best rounds in µs an item."""
    workload = workload_of(name, scale.events)
    program = program_of(workload)
    runs = {
        "script": by_script(workload),
        "post": by_post(workload, program),
        "post_all": by_post_all(workload, program),
    }
    if name in floor.HANDLERS:
        runs["floor"] = floor.by_floor(workload, program.vocabulary.kinds)
    timings = interleaved(runs, scale.rounds, workload.expected)
    best = {who: timing.best / len(workload.items) * 1e6 for who, timing in timings.items()}
    note = f"{best['post']:.3f} us, script {best['script']:.3f} us, {workload.expected} decisions"
    figures = [
        Figure(f"{name} post", _ratio(timings, "post"), "x script", targets.POST[name], note=note),
        Figure(f"{name} post_all", _ratio(timings, "post_all"), "x script", targets.POST_ALL[name], aim=True),
    ]
    if "floor" in runs:
        figures.append(Figure(f"{name} floor", _ratio(timings, "floor"), "x script", note="what is promised, by hand"))
    return figures, best


def _ratio(timings: dict[str, Timing], who: str) -> float:
    return timings[who].best / timings["script"].best


def against_durable(name: str, scale: Scale) -> Iterator[Figure]:
    """Measure one workload against durable-rules, alone and as the matcher of an engine, or say why not."""
    found = durable_direct.measured(name, scale.durable_events)
    target = targets.DURABLE.get(name)
    why = found.get("skipped") or durable_direct.CANNOT.get(name)
    if why:
        yield Figure(f"{name} durable-rules", None, "", target, at_least=True, note=f"skipped: {why}")
    else:
        theirs, ours = found["durable"]["us_per_item"], found["post"]["us_per_item"]
        note = f"{theirs:.1f} us against {ours:.2f} us; by its C calls {found['calls']['us_per_item']:.1f} us"
        yield Figure(f"{name} durable-rules / post", theirs / ours, "x", target, at_least=True, note=note)
    if "matcher" in found:
        theirs, ours = found["matcher"]["us_per_item"], found["post"]["us_per_item"]
        note = f"{theirs:.1f} us against {ours:.2f} us, the joins made by durable-rules"
        yield Figure(f"{name} post, matcher durable", theirs / ours, "x post", note=note)


def workloads(names: Sequence[str], scale: Scale) -> Iterator[Figure]:
    """Measure the named workloads, each against its script and durable-rules, and how the engine scales with rules."""
    best: dict[str, dict[str, float]] = {}
    for name in names:
        figures, best[name] = against_script(name, scale)
        yield from figures
        yield from against_durable(name, scale)
    if {"W1-10", "W1-1000"} <= best.keys():
        grown = {who: best["W1-1000"][who] / best["W1-10"][who] for who in ("script", "post")}
        note = f"1,000 rules against 10: {grown['post']:.2f} x, the script {grown['script']:.2f} x"
        yield Figure("scaling with rules", grown["post"] / grown["script"], "x script", targets.SCALING, note=note)


def raw(scale: Scale) -> Figure:
    """Measure bytes to decisions against the script on the same bytes."""
    stream = raw_bytes.drawn(scale.events // 3)
    runs = {"script": raw_bytes.by_script(stream), "engine": raw_bytes.by_engine(stream)}
    timings = interleaved(runs, scale.rounds, stream.expected)
    each = {who: timing.best / len(stream.bodies) * 1e6 for who, timing in timings.items()}
    decode = min(raw_bytes.by_decoding(stream)()[0] for _ in range(scale.rounds)) / len(stream.bodies) * 1e6
    note = f"{each['engine']:.1f} us a body, script {each['script']:.1f} us, json.loads alone {decode:.1f} us"
    return Figure("bytes to decision", each["engine"] / each["script"], "x script", note=note)


def door(scale: Scale) -> Figure:
    """Measure what a fresh item costs before it is ready."""
    workload = workload_of("W1-100", scale.events)
    rules = load(workload.rules)
    best = min(measure.door(workload, rules) for _ in range(scale.rounds)) / len(workload.items) * 1e6
    return Figure(
        "an item against its kind", best, "us", note="once an item, at the door; ready items have it behind them"
    )


def memories(scale: Scale) -> Iterator[Figure]:
    """Measure whether memory stays flat, and what a waiting match and a group that was asked for take."""
    grown, each = (targets.GROWN_MB, targets.BYTES_ASKED) if scale.settles else (None, None)
    flat = memory.measured("flat", scale.memory_events)
    note = f"{flat['events']:,} events, {flat['decisions']:,} decisions, settled at {flat['settled_mb']:.0f} MiB"
    yield Figure("memory grown", flat["grown_mb"], "MiB", grown, note=note)
    waiting = memory.measured("waiting", scale.waiting)
    note = f"{waiting['matches']:,} waiting, beside the caller's events"
    yield Figure("a waiting match", waiting["bytes_each"], "bytes", targets.BYTES_EACH, note=note)
    asked = memory.measured("asked", scale.waiting)
    note = f"{asked['groups']:,} groups that nothing fills, each asked for once"
    yield Figure("a group asked for", asked["bytes_each"], "bytes", each, note=note)


def beginnings(scale: Scale) -> Iterator[Figure]:
    """Measure import and loading."""
    found = loading.importing(5)
    yield Figure("import", found["ms"], "ms", targets.IMPORT_MS, note=f"{found['modules']} modules, CPU time")
    for parser, bound in (("C", targets.LOAD_C_S), ("pure", targets.LOAD_PURE_S)):
        one = loading.loading(parser, scale.rules)
        parts = ", ".join(f"{part} {one[f'{part}_s']:.2f}" for part in ("load", "check", "compile"))
        note = f"{one['rules']} rules, {one['parser']} parser: {parts}"
        yield Figure(f"load, check, compile ({parser})", one["total_s"], "s", bound, note=note)


def guarding(scale: Scale) -> Figure:
    """Measure what guards add to a decision."""
    decisions = min(scale.events // 10, 2000)
    return guards.measured(decisions, 10 * decisions, scale.rounds).figure()


def figures(names: Sequence[str], scale: Scale) -> Iterator[Figure]:
    """Measure all, or the named workloads alone."""
    yield from workloads(names or list(WORKLOADS), scale)
    if not names:
        yield door(scale)
        yield raw(scale)
        yield guarding(scale)
        yield from memories(scale)
        yield from beginnings(scale)


def _machine() -> dict[str, object]:
    return {"python": platform.python_version(), "machine": platform.machine(), "processors": os.cpu_count()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether every target is reached."""
    parser = argparse.ArgumentParser(description="measure the engine beside a hand-written script")
    parser.add_argument("--quick", action="store_true", help="short streams: are the answers right?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--only", nargs="+", default=[], choices=list(WORKLOADS), help="these workloads alone")
    chosen = parser.parse_args(arguments)
    scale = QUICK if chosen.quick else FULL
    found = []
    for figure in figures(chosen.only, scale):
        print(figure.row(), flush=True)
        found.append(figure)
    if chosen.json:
        told = {"machine": _machine(), "quick": chosen.quick, "figures": [figure.to_json() for figure in found]}
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return int(not chosen.quick and any(figure.verdict == "short" for figure in found))


if __name__ == "__main__":
    sys.exit(main())
