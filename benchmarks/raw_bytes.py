"""Raw bytes to decisions: bodies of Alertmanager's webhook, decoded and normalized, beside a script on them."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from attrs import frozen

import selfheal_rules as sr
from benchmarks.measure import Answer, Run, load
from benchmarks.workload import START

RULES, HOSTS = 20, 300

_HEAD = "selfheal: 1\nruleset: alerts\nvocabulary: [openstack]\nrules:\n"
_RULE = """\
  - id: alert-{number:02}
    when: {{as: a, state: alarm, where: {{name: Alert{number:02}, severity: critical}}}}
    then: [{{do: noop, target: $a.alarm}}]
"""


@frozen
class Bodies:
    """A stream of webhook bodies as they come off the wire, and how many decisions they must give."""

    bodies: tuple[bytes, ...]
    expected: int


def drawn(count: int) -> Bodies:
    """Draw bodies of one alert each: of those that fire anew, half are critical and half of those have a rule."""
    draw, now = random.Random(7), START
    firing: dict[tuple[int, int], datetime] = {}
    bodies, expected = [], 0
    for _ in range(count):
        now += timedelta(milliseconds=100)
        alert = draw.randrange(RULES * 2), draw.randrange(HOSTS)
        begun = firing.pop(alert, None)
        if begun is None or draw.random() < 0.2:  # resolved, or said once more after `repeat_interval`
            expected += begun is None and alert[0] < RULES and alert[1] % 2 == 0
            firing[alert] = begun or now
            bodies.append(_body(alert, firing[alert], None))
        else:
            bodies.append(_body(alert, begun, now))
    return Bodies(tuple(bodies), expected)


def _body(alert: tuple[int, int], begun: datetime, ended: datetime | None) -> bytes:
    number, host = alert
    name, node = f"Alert{number:02}", f"compute-{host:03}"
    labels = {
        "alertname": name,
        "host": node,
        "instance": f"{node}:9100",
        "job": "node",
        "severity": "warning" if host % 2 else "critical",
    }
    status = "resolved" if ended else "firing"
    told = {
        "status": status,
        "labels": labels,
        "annotations": {"summary": f"{name} on {node}", "description": f"{name} has fired on {node} for a while"},
        "startsAt": begun.isoformat().replace("+00:00", "Z"),
        "endsAt": ended.isoformat().replace("+00:00", "Z") if ended else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": f"{number:08x}{host:08x}",
    }
    return json.dumps(
        {
            "receiver": "hook",
            "status": status,
            "alerts": [told],
            "groupLabels": {"alertname": name},
            "commonLabels": labels,
            "commonAnnotations": told["annotations"],
            "externalURL": "http://alertmanager",
            "version": "4",
            "groupKey": f'{{}}:{{alertname="{name}"}}',
            "truncatedAlerts": 0,
        }
    ).encode()


def by_script(stream: Bodies) -> Run:
    """Write it by hand: decode, look the alert up, remember what fires."""

    def run() -> tuple[float, Answer]:
        handle, out = _script()
        begin = time.process_time()
        for body in stream.bodies:
            handle(body)
        return time.process_time() - begin, Counter(out)

    return run


def _script() -> tuple[Callable[[bytes], None], list[tuple[str, str]]]:
    out: list[tuple[str, str]] = []
    rules = {f"Alert{number:02}": f"alert-{number:02}" for number in range(RULES)}
    firing: set[str] = set()

    def handle(body: bytes) -> None:
        for alert in json.loads(body)["alerts"]:
            labels, fingerprint = alert["labels"], alert["fingerprint"]
            rule = rules.get(labels["alertname"])
            if rule is None or labels["severity"] != "critical":
                continue
            if alert["status"] != "firing":
                firing.discard(fingerprint)
            elif fingerprint not in firing:
                firing.add(fingerprint)
                out.append((rule, fingerprint))

    return handle, out


def by_engine(stream: Bodies) -> Run:
    """Give the whole way through the library: decode, normalize, hold against the vocabulary, post."""
    text = _HEAD + "".join(_RULE.format(number=number) for number in range(RULES))
    program = sr.compile_rules(load(text))

    def run() -> tuple[float, Answer]:
        post, normalize, decode = sr.Engine(program).post, sr.normalize_payload, json.loads
        out: list[sr.Decision] = []
        begin = time.process_time()
        for body in stream.bodies:
            for item in normalize(decode(body)):
                out.extend(post(item))
        return time.process_time() - begin, Counter((one.rule, str(one.target)) for one in out)

    return run


def by_decoding(stream: Bodies) -> Run:
    """Give the floor under both: `json.loads` alone, which decides nothing."""

    def run() -> tuple[float, Answer]:
        begin = time.process_time()
        for body in stream.bodies:
            json.loads(body)
        return time.process_time() - begin, Counter()

    return run
