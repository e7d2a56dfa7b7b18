"""How the scripts log in to the cloud they bring up."""

import openstack


def connect() -> openstack.connection.Connection:
    """Log in as its administrator."""
    return openstack.connect(
        auth_url="http://127.0.0.1:17500/v3",
        username="admin",
        password="cloudpw",  # noqa: S106 - of a cloud on this machine's loopback
        project_name="admin",
        user_domain_id="default",
        project_domain_id="default",
        region_name="RegionOne",
    )
