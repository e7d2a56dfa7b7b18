"""
`agents.py HOST`: the L3 agent and the DHCP agent of a host, as Neutron hears of them.

It reports as such agents do, by the call they use, takes a router when Neutron hands it one, and does nothing else: it
routes nothing, and answers no DHCP. What Neutron makes of an agent (whether it is alive, what it has) is Neutron's own.
"""

import sys
import time
from datetime import UTC, datetime

from neutron.agent import rpc
from neutron.common import config
from neutron.conf.agent import common as agent_options
from neutron_lib import context
from neutron_lib import rpc as calls
from neutron_lib.agent import topics
from oslo_config import cfg
from oslo_messaging import MessagingTimeout, Target

EVERY = 2.0
L3 = {"agent_mode": "legacy", "handle_internal_only_routers": True, "interface_driver": "none", "routers": 0}
DHCP = {"dhcp_driver": "none", "dhcp_lease_duration": 86400, "log_agent_heartbeats": False, "networks": 0}


class Takes:
    """Takes what Neutron hands over: it waits for the answer."""

    target = Target(version="1.0")

    def router_added_to_agent(self, _: object, **__: object) -> None:
        """Take a router."""


def main() -> None:
    """Report until somebody ends it."""
    host, settings = sys.argv[1:]
    config.register_common_config_options()
    agent_options.register_agent_state_opts_helper(cfg.CONF)
    config.init(["--config-file", settings])
    cfg.CONF.set_override("host", host)
    told = rpc.PluginReportStateAPI(topics.REPORTS)
    taking = calls.Connection()
    taking.create_consumer("l3_agent", [Takes()], fanout=False)
    taking.consume_in_threads()
    agents = [
        {"agent_type": "L3 agent", "binary": "neutron-l3-agent", "topic": "l3_agent", "configurations": L3},
        {"agent_type": "DHCP agent", "binary": "neutron-dhcp-agent", "topic": "dhcp_agent", "configurations": DHCP},
    ]
    first = True
    while True:
        try:
            for agent in agents:
                begun = {"start_flag": True} if first else {}
                whole = {**agent, **begun, "host": host, "availability_zone": "nova", "uuid": None}
                whole["configurations"] = dict(agent["configurations"])
                told.report_state(context.get_admin_context_without_session(), whole, use_call=first)
            first = False
        except MessagingTimeout:
            print("nobody takes reports yet", flush=True)  # noqa: T201 - its log
        print(datetime.now(UTC).isoformat(), "reported", flush=True)  # noqa: T201 - its log
        time.sleep(EVERY)


main()
