"""W4: a fault makes its host suspect, that impacts its 20 instances, and each gets a decision with its causes."""

from collections.abc import Callable
from datetime import timedelta

from benchmarks.workload import START, Row, Stream, Workload, ruleset
from selfheal_rules.events import Event, State

HOSTS, INSTANCES = 50, 20

_STATES = """\
  host.suspect: {fields: {host: {type: string, required: true}}}
  instance.impacted: {fields: {instance: {type: string, required: true}, host: {type: string, required: true}}}
states:
  instance: {key: [instance], fields: {instance: {type: string}, host: {type: string, required: true}}}
"""

_RULES = """\
  - id: suspect
    when: {as: fault, event: host.nic.fault, where: {severity: critical}}
    then: [{conclude: host.suspect, with: {host: $fault.host}}]
  - id: impacted
    when:
      all: [{as: suspect, event: host.suspect}, {as: placed, state: instance}]
      same: [host]
    key: [$placed.instance]
    then: [{conclude: instance.impacted, with: {instance: $placed.instance, host: $placed.host}}]
  - id: move
    when: {as: hit, event: instance.impacted}
    then: [{do: noop, target: $hit.instance}]
"""


def w4(events: int) -> Workload:
    """Draw faults over 50 hosts of 20 instances each; every one gives 41 firings and 20 decisions."""
    stream = Stream(4, timedelta(seconds=1))
    for _ in range(events):
        stream.add("host.nic.fault", _host(stream.draw.randrange(HOSTS)), severity="critical")
    text = ruleset("w4", ["host.nic.fault"], [_RULES], _STATES)
    return Workload("W4", text, tuple(stream.items), events * INSTANCES, script, {}, placements())


def _host(number: int) -> str:
    return f"host-{number:02}"


def placements() -> tuple[State, ...]:
    """Give where each instance runs."""
    return tuple(
        State("instance", "inventory", START, {"instance": f"vm-{host:02}-{n:02}", "host": _host(host)})
        for host in range(HOSTS)
        for n in range(INSTANCES)
    )


def script(workload: Workload) -> tuple[Callable[[Event], None], list[Row]]:
    """Write it by hand: three functions that call each other, and an index of instances by host."""
    out: list[Row] = []
    placed: dict[str, list[str]] = {}
    for fact in workload.facts:
        placed.setdefault(fact.fields["host"], []).append(fact.fields["instance"])

    def on_fault(event: Event) -> None:
        if event.fields["severity"] == "critical":
            on_suspect(event.fields["host"], (event.id,))

    def on_suspect(host: str, cause: tuple[str, ...]) -> None:
        for instance in placed.get(host, ()):
            on_impacted(instance, host, cause)

    def on_impacted(instance: str, host: str, cause: tuple[str, ...]) -> None:
        out.append(("move", instance, (host, cause)))

    handlers = {"host.nic.fault": on_fault}

    def handle(event: Event) -> None:
        handler = handlers.get(event.kind)
        if handler is not None:
            handler(event)

    return handle, out
