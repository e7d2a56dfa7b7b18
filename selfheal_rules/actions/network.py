"""Actions on networks (Neutron), load balancers (Octavia) and names (Designate)."""

from selfheal_rules.actions.entry import ActionType, number, params, several, text

AGENT = "the UUID of an agent"
PORT = "the UUID of a port"
MEMBER = "the UUID of a member"

_SAID = "{{event: openstack.notification, where: {{event_type: {0}, {1}: {{target}}}}, within: {2}}}"
_AGENT = _SAID.format("agent.update.end", "payload.agent.id", "1m")
_RECORDS = _SAID.format("dns.recordset.update", "payload.id", "5m")
_PORT = "{event: network.action, where: {resource: {target}, action: update, phase: end}, within: 1m}"
_BALANCER = "{state: lb.status, where: {loadbalancer: {target}, provisioning_status: ACTIVE}, within: 5m}"

NETWORK = (
    ActionType(
        "network.disable_agent", "high", "Have Neutron use an agent no more.",
        target=AGENT,
        undo="network.enable_agent", again="state",
        needs="Another agent of its kind is alive; disabling a DHCP agent moves its networks.",
        confirm=_AGENT,
        api="network 2.0",
    ),
    ActionType(
        "network.enable_agent", "low", "Have Neutron use an agent again.",
        target=AGENT,
        undo="network.disable_agent", again="state",
        confirm=_AGENT,
        api="network 2.0",
    ),
    ActionType(
        "network.reschedule_routers", "high", "Move the routers of a dead L3 agent to others.",
        target=AGENT,
        again="marker",
        needs="The agent is dead, another one is alive, and the routers are neither distributed nor highly available:"
        " VRRP moves those. With OVN there is no such agent.",
        api="network 2.0",
    ),
    ActionType(
        "network.reschedule_dhcp", "high", "Move the networks of a dead DHCP agent to others.",
        target=AGENT,
        again="state",
        needs="The agent is dead, another one is alive, and Neutron does not do it itself"
        " (`allow_automatic_dhcp_failover`, which is the default).",
        api="network 2.0",
    ),
    ActionType(
        "network.quarantine_port", "high", "Let a port speak to nobody: its security groups give way to one.",
        target=PORT,
        params=params(security_group=text("The group without rules that was made for it.", required=True)),
        undo="network.release_port", again="marker",
        needs="The group is there and lets nothing through. Connections that stand may go on.",
        confirm=_PORT, api="network 2.0",
    ),
    ActionType(
        "network.release_port", "low", "Give a port in quarantine its security groups back.",
        target=PORT,
        undo="network.quarantine_port", again="state",
        needs="We put it there: the groups it had stand in our mark.",
        confirm=_PORT, api="network 2.0",
    ),
    ActionType(
        "network.set_port_down", "high", "Take a port down.",
        target=PORT, undo="network.set_port_up", again="state", confirm=_PORT, api="network 2.0",
    ),
    ActionType(
        "network.set_port_up", "low", "Bring a port up.",
        target=PORT, undo="network.set_port_down", again="state", confirm=_PORT, api="network 2.0",
    ),
)  # fmt: skip

LOAD_BALANCER = (
    ActionType(
        "load_balancer.failover", "high", "Have Octavia build the amphorae of a load balancer anew.",
        target="the UUID of a load balancer",
        again="refused",
        needs="It is ACTIVE or ERROR, or the answer is 409. A single amphora is an outage of a minute.",
        confirm=_BALANCER, api="load-balancer 2.0", role="load-balancer_admin",
    ),
    ActionType(
        "load_balancer.failover_amphora", "high", "Have Octavia build one amphora anew.",
        target="the UUID of an amphora",
        again="refused",
        needs="Octavia has not begun itself: its health manager does after a minute.",
        api="load-balancer 2.0", role="load-balancer_admin",
    ),
    ActionType(
        "load_balancer.drain_member", "low", "Give a member no new connections.",
        target=MEMBER,
        params=params(pool=text("The pool it is in.", required=True)),
        undo="load_balancer.restore_member", again="marker",
        needs="The load balancer is ACTIVE, and enough members are left.",
        api="load-balancer 2.0", role="load-balancer_admin",
    ),
    ActionType(
        "load_balancer.restore_member", "low", "Give a drained member its weight back.",
        target=MEMBER,
        params=params(
            pool=text("The pool it is in.", required=True),
            weight=number("Its weight; the one it had if nothing is said."),
        ),
        undo="load_balancer.drain_member", again="state",
        needs="The load balancer is ACTIVE.",
        api="load-balancer 2.0", role="load-balancer_admin",
    ),
)  # fmt: skip

DNS = (
    ActionType(
        "dns.switch_records", "high", "Have a name stand for other addresses.",
        target="the UUID of a record set",
        params=params(
            zone=text("The zone it is in.", required=True),
            records=several("What it stands for from now on.", required=True),
            ttl=number("For how many seconds others may remember it."),
        ),
        again="state",
        needs="The record set is not managed by another service. What it stood for stands in the outcome.",
        confirm=_RECORDS,
        api="dns 2",
    ),
)  # fmt: skip

ACTIONS = (*NETWORK, *LOAD_BALANCER, *DNS)
