"""Wait until every service of Nova reports, and make a flavor and an image."""

import sys
import time

from connect import connect
from openstack.connection import Connection
from openstack.exceptions import SDKException

WANTED = {("nova-scheduler", "ctl"), ("nova-conductor", "ctl"), *(("nova-compute", f"compute{n}") for n in (1, 2, 3))}
PATIENCE = 180.0


def _is_ready(cloud: Connection) -> bool:
    try:
        up = {(one.binary, one.host) for one in cloud.compute.services() if one.state == "up"}
        return up >= WANTED and len(list(cloud.compute.hypervisors())) >= len(("compute1", "compute2", "compute3"))
    except SDKException:
        return False


def main() -> int:
    """Give 0 once servers can be booted."""
    cloud, end = connect(), time.monotonic() + PATIENCE
    while not _is_ready(cloud):
        if time.monotonic() > end:
            return 1
        time.sleep(0.5)
    if not [one for one in cloud.compute.flavors() if one.name == "m1.tiny"]:
        cloud.compute.create_flavor(name="m1.tiny", ram=64, vcpus=1, disk=1)
    if not [one for one in cloud.image.images() if one.name == "fake"]:
        content = {"disk_format": "raw", "container_format": "bare", "data": b"\0" * 1024}
        cloud.image.create_image(name="fake", visibility="public", **content)
    return 0


sys.exit(main())
