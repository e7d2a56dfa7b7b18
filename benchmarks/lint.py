"""
How long lint takes over a thousand rules: `python -m benchmarks.lint [--rules 1000]`.

Rules of four shapes, as many sites have; and three sets made to be as hard as can be: a thousand of one shape that
nothing but bounds tells apart, with some that say what another says; a thousand that conclude from each other in rows;
and half a thousand against half a thousand that do the opposite. Each set has its number of findings, known to whoever
wrote it. Exits with 1 where one takes longer than five seconds of CPU time.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Mapping

import selfheal_rules as sr
from benchmarks.loading import mixed_rules
from benchmarks.measure import load

LIMIT = 5.0
"""Seconds of CPU time."""

Answer = Mapping[str, int]
"""How many findings there are of each code of lint; the others are not counted."""

LINT = ("SH360", "SH361", "SH362", "SH363", "SH403")
_HEAD = """\
selfheal: 1
ruleset: lint
events:
  reading: {fields: {host: {type: string, required: true}, value: {type: number, required: true}, text: string}}
states:
  server: {key: [server], fields: {server: string, load: {type: number, required: true}}}
"""


def mixed(count: int) -> tuple[str, Answer]:
    """Write what most sites have: there is nothing to find."""
    return mixed_rules(count), {}


def bounds(count: int) -> tuple[str, Answer]:
    """Write rules each of which takes a range of its own, every tenth inside that of the one before it."""
    inside = range(9, count, 10)
    ranges = [(at - 1 + 0.1, at - 1 + 0.4) if at in inside else (at, at + 0.5) for at in range(count)]
    rules = (
        f"""\
  - {{id: r{at}, when: {{as: m, event: reading, where: {{value: {{more_than: {low}, less_than: {high}}}}}}},
     then: [{{do: noop, target: $m.host}}]}}
"""
        for at, (low, high) in enumerate(ranges)
    )
    return _whole(rules), {"SH403": len(inside)}


def rows(count: int) -> tuple[str, Answer]:
    """Write chains of ten conclusions, of which every second begins with one that nothing draws."""
    chains = range(count // 10)
    states = "".join(
        f"  k{chain}_{at}: {{key: [host], fields: {{host: string, how: {{enum: [a, b]}}}}}}\n"
        for chain in chains
        for at in range(10)
    )
    rules = (_link(chain, at, "b" if chain % 2 and at == 1 else "a") for chain in chains for at in range(10))
    return _HEAD + states + "rules:\n" + "".join(rules), {"SH363": 9 * sum(chain % 2 for chain in chains)}


def _link(chain: int, at: int, how: str) -> str:
    when = f"{{as: x, state: k{chain}_{at - 1}, where: {{how: {how}}}}}" if at else "{as: x, event: reading}"
    ttl = "" if at else ", ttl: 1h"
    said = f"{{conclude: k{chain}_{at}, with: {{host: $x.host, how: a}}{ttl}}}"
    return f"  - {{id: r{chain}-{at}, when: {when}, then: [{said}]}}\n"


def opposites(count: int) -> tuple[str, Answer]:
    """Write rules that lock servers of some load and rules that unlock those of another; ten of them overlap."""
    half = count // 2
    overlapping = range(0, half, half // 10)
    rules = [
        f"""\
  - {{id: {action}{at}, when: {{as: s, state: server, where: {{load: {{at_least: {low}, less_than: {low + 0.4}}}}}}},
     then: [{{do: compute.{action}_server, target: $s.server}}]}}
"""
        for action, offset in (("lock", 0.0), ("unlock", 0.5))
        for at in range(half)
        for low in (at + (0.0 if action == "unlock" and at in overlapping else offset),)
    ]
    return _whole(rules), {"SH362": len(overlapping)}


def _whole(rules: Iterable[str]) -> str:
    return _HEAD + "rules:\n" + "".join(rules)


SETS: Mapping[str, Callable[[int], tuple[str, Answer]]] = {
    "mixed": mixed, "bounds": bounds, "rows": rows, "opposites": opposites,
}  # fmt: skip


def timed(name: str, count: int) -> float:
    """Check one set, hold what is found against its answer, and give the seconds of CPU time it took."""
    text, answer = SETS[name](count)
    rules = load(text)
    assert count == len(rules.rules)
    begin = time.process_time()
    report = sr.check_rules(rules)
    taken = time.process_time() - begin
    codes = [finding.code for finding in report.findings]
    assert answer == {code: codes.count(code) for code in LINT if code in codes}, (name, answer)
    return taken


def main() -> int:
    """Time every set, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=1_000, help="how many rules each set has (default: 1000)")
    count = parser.parse_args().rules
    late = False
    for name in SETS:
        taken = timed(name, count)
        late |= taken > LIMIT
        print(f"{name:10} {count:6,} rules {taken:6.2f} s of CPU time{'   too long' * (taken > LIMIT)}")
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
