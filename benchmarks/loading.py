"""Before the first event: importing the package; loading, checking and compiling a thousand rules."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.workload import ruleset

_RULES = (
    """\
  - id: hot-{number:04}
    doc: Reading {number} is too high for its kind.
    when:
      as: m
      event: metric
      where: {{text: "sensor-{number:04}", severity: [error, critical], value: {{more_than: {limit}}}}}
    then: [{{do: noop, target: $m.host}}]
""",
    """\
  - id: dead-{number:04}
    doc: Lost and then off, of project {number}.
    when:
      sequence:
        - {{as: down, event: host.down, where: {{project: "p{number:04}"}}}}
        - {{as: power, event: ipmi.power, where: {{status: "off"}}}}
      same: [host]
      within: 2m
    then: [{{do: noop, target: $down.host}}]
""",
    """\
  - id: flap-{number:04}
    doc: Down too often, of project {number}.
    when:
      as: flaps
      event: port
      where: {{status: down, project: "p{number:04}"}}
      count: {{at_least: {times}, within: 60s, by: [host]}}
    then: [{{do: noop, target: $flaps.host}}]
""",
    """\
  - id: held-{number:04}
    doc: Failed for a while, and nobody works on it.
    when:
      all: [{{as: bad, state: node, where: {{status: failed, rack: "r{number:04}"}}, for: 90s}}]
      unless: [{{state: maintenance, where: {{node: $bad.node}}}}]
    then: [{{do: noop, target: $bad.node}}]
""",
)

_STATES = """\
states:
  node:
    key: [node]
    fields: {node: {type: string}, status: {type: string}, rack: {type: string}}
  maintenance:
    key: [node]
    fields: {node: {type: string}}
"""


def mixed_rules(count: int) -> str:
    """Write `count` rules of four shapes: thresholds, sequences, counts, states held for a while."""
    texts = [_RULES[n % 4].format(number=n, limit=50 + n % 40, times=3 + n % 5) for n in range(count)]
    return ruleset("mixed", ["metric", "host.down", "ipmi.power", "port"], texts, _STATES)


def _child(code: str, *arguments: str, **variables: str) -> dict[str, Any]:
    command, environment = [sys.executable, "-c", code, *arguments], {**os.environ, **variables}
    root = Path(__file__).parents[1]
    child = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(child.stdout)
    return found


_LOAD = """
import json, sys
if sys.argv[1] == "pure":
    sys.modules["yaml._yaml"] = None
from benchmarks.loading import timed_load
print(json.dumps(timed_load(int(sys.argv[2]))))
"""

_IMPORT = """
import time
begin = time.process_time()
import selfheal_rules
taken = time.process_time() - begin
import json, sys
print(json.dumps({"ms": taken * 1000, "modules": len(sys.modules)}))
"""


def timed_load(count: int) -> dict[str, Any]:
    """Load, check and compile, in this process; says which parser was at work and how the time was spent."""
    import yaml  # noqa: PLC0415 - after the choice of its parser

    import selfheal_rules as sr  # noqa: PLC0415 - the same
    from benchmarks.measure import load  # noqa: PLC0415 - the same

    text = mixed_rules(count)
    begin = time.process_time()
    rules = load(text)
    loaded = time.process_time()
    assert count == len(rules.rules)
    assert sr.check_rules(rules).errors == ()
    checked = time.process_time()
    sr.compile_rules(rules)
    end = time.process_time()
    return {
        "parser": "C" if yaml.__with_libyaml__ else "pure",
        "rules": count,
        "load_s": loaded - begin,
        "check_s": checked - loaded,
        "compile_s": end - checked,
        "total_s": end - begin,
    }


def loading(parser: str, count: int) -> dict[str, Any]:
    """Take the time of loading in a fresh process, with parser `C` or `pure`."""
    return _child(_LOAD, parser, str(count))


def importing(rounds: int) -> dict[str, Any]:
    """Take the CPU time of `import selfheal_rules` in fresh processes that find its byte code: the best of some."""
    with TemporaryDirectory() as folder:
        kept = {"PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        found = [_child(_IMPORT, **kept) for _ in range(rounds + 1)]
    return min(found[1:], key=lambda one: float(one["ms"]))
