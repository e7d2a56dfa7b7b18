"""What stands on what, as a server on its host, and what is done to the one that reaches the other."""

from collections.abc import Iterator

from selfheal_rules.survey.confirm import Act, Link

_ON = (
    ("instance", "instance", "host"),
    ("node", "node", "host"),
    ("lb.amphora", "amphora", "loadbalancer"),
    ("lb.amphora", "amphora", "instance"),
)
"""States that say what a thing is on: kind, the field that names the thing, and the one that names what it is on."""
_REACHING = frozenset(
    {
        "compute.fence",
        "compute.evacuate_host",
        "compute.start_host_maintenance",
        "compute.evacuate_server",
        "compute.migrate_server",
        "compute.reboot_server",
        "compute.rebuild_server",
        "compute.stop_server",
        "instance_ha.notify",
        "load_balancer.failover",
    }
)
"""What ends, moves or builds anew all that is on its target."""


def links(some: Act, other: Act) -> Iterator[Link]:
    """Say how the target of one act is on that of another, which reaches it."""
    for whole, part, is_first in ((some, other, True), (other, some, False)):
        names = part.target[1][-1], whole.target[1][-1]
        if whole.action in _REACHING:
            yield from (Link(kind, inner, outer, is_first) for kind, inner, outer in _ON if (inner, outer) == names)
