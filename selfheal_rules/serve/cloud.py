"""The clouds of a process: openstacksdk's own connections, from `clouds.yaml` and the environment."""

from functools import cache

import openstack
from openstack.config import OpenStackConfig
from openstack.exceptions import SDKException

from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute import Executor
from selfheal_rules.execute.openstack import cloud_executors
from selfheal_rules.execute.openstack.api import Api
from selfheal_rules.serving import Acting


@cache
def connected(name: str) -> "openstack.connection.Connection":
    """
    Give the connection to a cloud; nothing is sent before somebody asks for something.

    Raises:
        ExecutorError: where no configuration names it.
    """
    try:
        return openstack.connect(cloud=name)
    except SDKException as error:
        message = f"cloud `{name}` cannot be used: {str(error).strip('.').lower()}"
        raise ExecutorError(message, retryable=False) from None


def refuse_unknown(name: str) -> None:
    """
    Look whether a cloud is configured; nothing of it is read, and nothing sent.

    Raises:
        ExecutorError: where no configuration names it.
    """
    try:
        known = OpenStackConfig().get_cloud_names()
    except SDKException as error:
        message = str(error)
        raise ExecutorError(message, retryable=False) from None
    if name not in known:
        message = "no configuration of openstacksdk names it"
        raise ExecutorError(message, retryable=False)


def api(name: str) -> Api:
    """Give the services of a cloud."""
    return Api(connected(name))


def acting(executors: Acting) -> tuple[Executor, ...]:
    """Give those who carry decisions out on a cloud."""
    return cloud_executors(connected(executors.cloud), dry=executors.dry)
