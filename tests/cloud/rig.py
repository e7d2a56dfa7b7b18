"""What a test of executors does to a cloud beside them: boots servers, kills and starts compute services, watches."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import openstack
import pytest
from attrs import frozen
from openstack.connection import Connection

import selfheal_rules as sr
from selfheal_rules.conformance import asked
from selfheal_rules.execute.openstack import cloud_executors

COMPUTES = ("compute1", "compute2", "compute3")
PATIENCE = 300.0
"""How long a sign is waited for, which comes within seconds where thirty services have two cores to themselves."""
PACE = 0.3
SHUT_DOWN = 4
"""The power state of a guest whose process died, as Nova numbers what libvirt says of it."""

_T = TypeVar("_T")


WHOLE = "SELFHEAL_CLOUD_WHOLE"
"""The environment's word that all of the cloud is there, and no test is to be left out (`up/with.sh`)."""


def lacking(what: str) -> NoReturn:
    """Skip a test for what is not there, or fail it where all is to be there."""
    if os.environ.get(WHOLE):
        pytest.fail(what)
    pytest.skip(what)


@frozen
class Server:
    """A server, and the host it was booted on."""

    id: str
    host: str


def decision(action: str, target: str, **params: object) -> sr.Decision:
    """Give the decision a rule makes that asks for an action: another one each time."""
    return asked(action, target, params, time=datetime.now(UTC), event=f"{time.time_ns()}")


def executed(cloud: "Cloud", asked: sr.Decision, *, dry: bool = False) -> sr.Outcome:
    """Carry a decision out, as the executor of a healer does."""
    able = cloud_executors(cloud.connection, dry=dry, pace=PACE)
    (executor,) = [one for one in able if asked.action in one.actions]
    return executor.execute(asked)


def login() -> Connection:
    """Log in as the administrator of the cloud on this machine."""
    return openstack.connect(
        auth_url="http://127.0.0.1:17500/v3",
        username="admin",
        password="cloudpw",  # noqa: S106 - of a cloud on this machine's loopback, for the time of a test
        project_name="admin",
        user_domain_id="default",
        project_domain_id="default",
        region_name="RegionOne",
    )


@frozen
class Cloud:
    """A cloud on this machine, and the folder its processes keep their ids in."""

    connection: Connection
    home: str

    def do(self, action: str, target: str, *, dry: bool = False, **params: object) -> sr.Outcome:
        """Carry an action out, as the executor of a healer does."""
        return executed(self, decision(action, target, **params), dry=dry)

    def raw(self, service: str, path: str, version: str = "") -> Any:  # noqa: ANN401 - JSON, or a proxy of openstacksdk
        """Read an object beside the executors."""
        answer = getattr(self.connection, service).get(path, microversion=version or None)
        assert answer.ok, answer.text
        return answer.json()

    def needed(self, service: str, path: str = "/") -> Any:  # noqa: ANN401 - JSON, or a proxy of openstacksdk
        """Give a service that not every bring-up starts; without it the test is skipped."""
        try:
            proxy = getattr(self.connection, service)
            proxy.request(path, "GET", raise_exc=False)
        except Exception as error:  # noqa: BLE001 - openstacksdk says in several ways that nobody is there
            lacking(f"no {service}: {error}")
        return proxy

    def service(self, host: str) -> Any:  # noqa: ANN401 - JSON, or a proxy of openstacksdk
        """Give the compute service of a host."""
        (found,) = self.raw("compute", f"/os-services?binary=nova-compute&host={host}", "2.53")["services"]
        return found

    def server(self, ident: str) -> Any:  # noqa: ANN401 - JSON, or a proxy of openstacksdk
        """Give a server as it is now."""
        return self.raw("compute", f"/servers/{ident}", "2.93")["server"]

    def boot(self, name: str, host: str = "", **metadata: str) -> Server:
        """Boot a server, and wait until it runs."""
        image = next(one.id for one in self.connection.image.images() if one.name == "fake")
        flavor = next(one.id for one in self.connection.compute.flavors() if one.name == "m1.tiny")
        body = {"name": name, "imageRef": image, "flavorRef": flavor, "networks": "none", "metadata": metadata}
        where = {"host": host} if host else {}
        answer = self.connection.compute.post("/servers", json={"server": {**body, **where}}, microversion="2.74")
        assert answer.ok, answer.text
        ident = answer.json()["server"]["id"]
        self.wait(lambda: self.server(ident)["status"] in {"ACTIVE", "ERROR"}, f"{name} runs")
        assert "ACTIVE" == self.server(ident)["status"], self.server(ident).get("fault")
        return Server(ident, self.server(ident)["OS-EXT-SRV-ATTR:host"])

    def delete(self, ident: str) -> None:
        """Delete a server, and wait until it is gone."""
        self.connection.compute.delete(f"/servers/{ident}")
        gone = 404
        self.wait(lambda: self.connection.compute.get(f"/servers/{ident}").status_code == gone, "it is gone")

    def enroll(self, host: str) -> str:
        """Make a node called like a compute host, and switch it on; gives its UUID."""
        proxy = self.needed("baremetal")
        made = proxy.create_node(name=host, driver="fake-hardware", resource_class="baremetal")
        proxy.set_node_provision_state(made, "manage", wait=True, timeout=60)
        proxy.set_node_power_state(made, "power on", wait=True, timeout=60)
        return str(made.id)

    def kill(self, host: str) -> None:
        """Have a compute service die at once."""
        self.stop(f"nova-{host}")

    def stop(self, process: str) -> None:
        """Have a process of the cloud die at once, and all it began."""
        os.killpg(int(Path(self.home, "run/pid", process).read_text()), signal.SIGKILL)

    def start(self, host: str) -> None:
        """Start a compute service that was killed, and wait until it reports."""
        self.script(
            f"start nova-{host} nova-compute --config-file $HOME/.nova/nova.conf --config-file $R/conf/{host}.conf"
        )
        self.wait(lambda: self.service(host)["forced_down"] or self.service(host)["state"] == "up", f"{host} is up")

    def crash(self, server: Server) -> None:
        """Have a guest die under its server, as its hypervisor sees it; the driver tells Nova."""
        domains = Path(self.home, "run/nova", server.host, "domains.json")
        guests = json.loads(domains.read_text())
        guests[server.id]["state"] = SHUT_DOWN
        written = domains.with_suffix(".test")
        written.write_text(json.dumps(guests))
        written.replace(domains)

    def change(self, database: str, table: str, ident: str, key: str, what: str) -> None:
        """Change what a service believes of a thing, where its drivers make no world that could change."""
        statement = f"update {table} set {what} where {key} = '{ident}'"  # noqa: S608 - the tests' own words
        self.script(f'mariadb --no-defaults --socket=$R/mysql.sock -u root {database} -e "{statement}"')

    def script(self, command: str) -> None:
        """Run a command with the names the scripts of the cloud use."""
        self.told(command)

    def told(self, command: str) -> str:
        """Run a command with the names the scripts of the cloud use; gives what it prints."""
        script = f'. "{Path(__file__).parent}/up/lib.sh"; {command}'
        known = {**os.environ, "SELFHEAL_CLOUD": self.home}
        return subprocess.run(["bash", "-c", script], check=True, env=known, stdout=subprocess.PIPE, text=True).stdout

    def wait(self, shows: Callable[[], _T | None], what: str) -> _T:
        """Wait until something shows."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := shows():
                return found
            time.sleep(PACE)
        message = f"{what}: not within {PATIENCE} s"
        raise AssertionError(message)
