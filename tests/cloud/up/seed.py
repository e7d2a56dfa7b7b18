"""The projects, roles, users, services and endpoints of the cloud; run once, after Keystone's bootstrap."""

from connect import connect
from openstack.connection import Connection

SERVICES = {
    "placement": ("placement", "http://127.0.0.1:17778"),
    "glance": ("image", "http://127.0.0.1:17292"),
    "nova": ("compute", "http://127.0.0.1:17774/v2.1"),
    "neutron": ("network", "http://127.0.0.1:17696"),
    "masakari": ("instance-ha", "http://127.0.0.1:17868/v1/$(tenant_id)s"),
    "mistral": ("workflow", "http://127.0.0.1:17989/v2"),
    "aodh": ("alarming", "http://127.0.0.1:17842"),
    "zaqar": ("messaging", "http://127.0.0.1:17888"),
    "heat": ("orchestration", "http://127.0.0.1:17004/v1/$(tenant_id)s"),
    "ironic": ("baremetal", "http://127.0.0.1:17385"),
    "octavia": ("load-balancer", "http://127.0.0.1:17876"),
    "watcher": ("infra-optim", "http://127.0.0.1:17322"),
    "cinder": ("block-storage", "http://127.0.0.1:17776/v3/$(tenant_id)s"),
    "designate": ("dns", "http://127.0.0.1:17901"),
    "freezer": ("backup", "http://127.0.0.1:17990"),
    "senlin": ("clustering", "http://127.0.0.1:17877"),
    "vitrage": ("rca", "http://127.0.0.1:17899"),
}
"""User and service by name: the type and the address of its API."""

ROLES = ("service", "member", "reader", "heat_stack_user", "heat_stack_owner", "load-balancer_admin")
PASSWORD = "cloudpw"  # noqa: S105 - of a cloud on this machine's loopback


def seed(cloud: Connection) -> None:
    """Make what is not there yet."""
    identity = cloud.identity
    projects = {one.name: one for one in identity.projects()}
    project = projects.get("service") or identity.create_project(name="service", domain_id="default")
    roles = {one.name: one for one in identity.roles()}
    for name in ROLES:
        roles.setdefault(name, roles.get(name) or identity.create_role(name=name))
    users, services = ({one.name for one in many} for many in (identity.users(), identity.services()))
    for name, (kind, url) in SERVICES.items():
        if name not in users:
            user = identity.create_user(
                name=name, password=PASSWORD, domain_id="default", default_project_id=project.id
            )
            for role in ("admin", "service"):
                identity.assign_project_role_to_user(project, user, roles[role])
        if name not in services:
            _endpoints(cloud, identity.create_service(name=name, type=kind).id, url)


def _endpoints(cloud: Connection, service: str, url: str) -> None:
    for interface in ("public", "internal"):
        cloud.identity.create_endpoint(service_id=service, interface=interface, url=url, region_id="RegionOne")


seed(connect())
