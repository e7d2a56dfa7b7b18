"""Carrying out decisions on a cloud, by the extra `openstack`: `cloud_executors(openstack.connect(cloud=…))`."""

from selfheal_rules.execute.openstack.executor import CloudExecutor, cloud_executors

__all__ = ["CloudExecutor", "cloud_executors"]
