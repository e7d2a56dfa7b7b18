"""
A running cloud described as `selfheal gaps` reads it: what its APIs tell, and nothing is changed.

Which notifications are on, what posts to the engine and which pollers run, no API says: these are left for a person. So
are the names of alarms: those of Aodh's are not all there are.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from attrs import define, field
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

ADMIN = "admin"
"""Who has another role alone is shown what is theirs, and mostly no error: what they do not see may be there."""

_ALARMS = "/alarms?q.field=all_projects&q.op=eq&q.value=true"
_LEFT = """\
# What no API tells; `selfheal schema cloud` offers the names, docs/sources.md says how each is switched on:
# notifications: []
# webhooks: []
# pollers: []
# posted: []
# alerts: {alarms}  # Aodh's; those of a monitoring stand in its own configuration
"""


def describe(api: Api, name: str) -> str:
    """
    Give the description of a cloud as YAML: services and versions, roles, and healers that are there.

    Healers are left for a person, too, where somebody may be there and was not seen: the user is no administrator, or a
    service did not answer. Alarms of Aodh's are named beside what a person has to add.

    Raises:
        ExecutorError: where Keystone does not answer.
    """
    session: Any = api.cloud.session
    try:
        versions = session.get_all_version_data()
        roles = session.auth.get_access(session).role_names
    except ClientException as error:
        message = f"Keystone did not answer ({type(error).__name__})"
        raise ExecutorError(message, retryable=True) from None
    asked = Asked(api, _services(versions))
    alarms = list(asked.found("alarm", "alarm", _ALARMS, "alarms"))
    told = {
        "services": dict(sorted(asked.services.items())),
        "roles": sorted(roles),
        "healers": sorted(_healers(asked, alarms)),
    }
    unseen = _unseen(asked, roles)
    known = "\n".join(f"{key}: {_flow(value)}" for key, value in told.items() if key != "healers" or not unseen)
    left = _LEFT.format(alarms=_flow(sorted({str(one["name"]) for one in alarms})))
    left += f"# healers: {_flow(told['healers'])}  # {unseen}\n" if unseen else ""
    return f"selfheal_cloud: 1\ncloud: {name}\n{known}\n{left}"


def _unseen(asked: "Asked", roles: Collection[str]) -> str:
    """Say why somebody may be there who was not seen."""
    if ADMIN not in roles:
        return "there may be others: they are shown to administrators alone"
    silent = ", ".join(sorted(set(asked.silent)))
    return f"there may be others: {silent} did not answer" if silent else ""


@define
class Asked:
    """The services of a cloud, and those of them that did not answer."""

    api: Api
    services: Mapping[str, str]
    silent: list[str] = field(factory=list)

    def found(self, service: str, proxy: str, path: str, name: str, version: str = "") -> list[Found]:
        """Give a list a service has; nothing where it is not there, or does not answer."""
        if service not in self.services:
            return []
        try:
            answer = self.api.get(proxy, path, version)
        except (ExecutorError, Refused):
            self.silent.append(service)
            return []
        return list(answer if isinstance(answer, list) else answer[name])


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


def _healers(asked: Asked, alarms: list[Found]) -> Iterator[str]:
    if any(str(action).startswith("trust+") for one in alarms for action in one.get("alarm_actions", ())):
        yield "aodh"
    segments = asked.found("instance-ha", "instance_ha", "/segments", "segments", "1.2")
    if any(one.get("enabled", True) for one in segments):
        yield "masakari"
    agents = {str(one["binary"]) for one in asked.found("network", "network", "/agents", "agents")}
    if agents & {"neutron-dhcp-agent", "neutron-l3-agent"}:
        yield "neutron"
    audits = asked.found("infra-optim", "infra_optim", "/audits", "audits")
    if any(_runs(one) for one in audits):
        yield "watcher"
    yield from (name for name, service in _ALWAYS.items() if service in asked.services)


def _runs(audit: Found) -> bool:
    """Whether Watcher carries out what an audit recommends, again and again; one that was cancelled is still listed."""
    return audit["audit_type"] == "CONTINUOUS" and audit["auto_trigger"] and audit["state"] in {"PENDING", "ONGOING"}


_ALWAYS: Mapping[str, str] = {"ironic": "baremetal", "nova": "compute", "octavia": "load-balancer"}
"""Healers that are part of their service."""
