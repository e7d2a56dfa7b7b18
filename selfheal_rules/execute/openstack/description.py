"""
A running cloud described as `selfheal gaps` reads it: what its APIs tell, and nothing is changed.

Which notifications are on, what posts to the engine and which pollers run, no API says: these are left for a person.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from keystoneauth1.exceptions import ClientException

from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.openstack.api import Api, Found, Refused

ALIASES: Mapping[str, str] = {
    "alarming": "alarm",
    "ha": "instance-ha",
    "messaging": "message",
    "resource-optimization": "infra-optim",
    "volumev3": "block-storage",
    "workflowv2": "workflow",
}
"""Other names under which catalogues have services; the first are official, or those of older clouds."""

_LEFT = """\
# What no API tells; `selfheal schema cloud` offers the names, docs/sources.md says how each is switched on:
# notifications: []
# webhooks: []
# pollers: []
# posted: []
"""


def describe(api: Api, name: str) -> str:
    """
    Give the description of a cloud as YAML: services and versions, roles, alarms of Aodh's, and healers that are there.

    Raises:
        ExecutorError: where Keystone does not answer. What another service would tell is left out if it does not.
    """
    session: Any = api.cloud.session
    try:
        versions = session.get_all_version_data()
        roles = session.auth.get_access(session).role_names
    except ClientException as error:
        message = f"Keystone did not answer ({type(error).__name__})"
        raise ExecutorError(message, retryable=True) from None
    services = _services(versions)
    alarms = list(_found(api, services, "alarm", "alarm", "/alarms", ""))
    told = {
        "services": dict(sorted(services.items())),
        "alerts": sorted({str(one["name"]) for one in alarms}) if "alarm" in services else None,
        "roles": sorted(roles),
        "healers": sorted(_healers(api, services, alarms)),
    }
    lines = [f"{key}: {_flow(value)}" for key, value in told.items() if value is not None]
    return f"selfheal_cloud: 1\ncloud: {name}\n" + "\n".join(lines) + f"\n{_LEFT}"


def _flow(value: object) -> str:
    """Write a value in YAML's flow style, which JSON is."""
    return json.dumps(value, ensure_ascii=False)


def _services(regions: Mapping[str, Any]) -> dict[str, str]:
    """Give the services of the catalogue, each with its highest version, by the names actions have for them."""
    found: dict[str, str] = {}
    for interfaces in regions.values():
        for services in interfaces.values():
            for service, versions in services.items():
                known = ALIASES.get(service, service)
                best = max((_version(one) for one in versions), key=_numbers, default="")
                found[known] = max(found.get(known, ""), best, key=_numbers)
    return found


def _version(told: Mapping[str, object]) -> str:
    highest = told.get("max_microversion") or told.get("version")
    parts = [str(part) for part in highest] if isinstance(highest, tuple | list) else str(highest or "").split(".")
    return ".".join(part for part in parts[:2] if part.isdecimal())


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)


def _healers(api: Api, services: Mapping[str, str], alarms: list[Found]) -> Iterator[str]:
    if any(str(action).startswith("trust+") for one in alarms for action in one.get("alarm_actions", ())):
        yield "aodh"
    if any(one.get("enabled", True) for one in _found(api, services, "instance-ha", "instance_ha", "/segments", "1.2")):
        yield "masakari"
    agents = {str(one["binary"]) for one in _found(api, services, "network", "network", "/agents", "")}
    if agents & {"neutron-dhcp-agent", "neutron-l3-agent"}:
        yield "neutron"
    audits = _found(api, services, "infra-optim", "infra_optim", "/audits", "")
    if any(one.get("audit_type") == "CONTINUOUS" and one.get("auto_trigger") for one in audits):
        yield "watcher"
    yield from (name for name, service in _ALWAYS.items() if service in services)


_ALWAYS: Mapping[str, str] = {"ironic": "baremetal", "nova": "compute", "octavia": "load-balancer"}
"""Healers that are part of their service."""


def _found(api: Api, services: Mapping[str, str], service: str, proxy: str, path: str, version: str) -> Iterator[Found]:
    """Give a list a service has; nothing where it is not there, or does not answer."""
    if service not in services:
        return
    try:
        answer = api.get(proxy, path, version)
    except (ExecutorError, Refused):
        return
    listed = answer if isinstance(answer, list) else answer[path.removeprefix("/")]
    yield from listed
