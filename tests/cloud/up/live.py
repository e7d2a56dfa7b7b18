"""Wait until Neutron hears of both agents of both hosts; it takes no reports before it has begun."""

import sys
import time

from connect import connect

WANTED = {(kind, host) for kind in ("neutron-l3-agent", "neutron-dhcp-agent") for host in ("net1", "net2")}
PATIENCE = 240.0


def main() -> int:
    """Give 0 once all of them live, 1 where they do not."""
    network, end = connect().network, time.monotonic() + PATIENCE
    while missing := WANTED - {(one.binary, one.host) for one in network.agents() if one.is_alive}:
        if time.monotonic() > end:
            print(f"not heard of after {PATIENCE} s: {sorted(missing)}")  # noqa: T201 - what it is for
            return 1
        time.sleep(0.5)
    return 0


sys.exit(main())
