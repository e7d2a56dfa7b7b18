"""Clusters of three members on one machine: RabbitMQ, and MariaDB with Galera."""

import os
import shutil
from pathlib import Path

from tests.monitored.shell import sh
from tests.monitored.site import Site, free_port

MEMBERS = ("control1", "control2", "control3")

RABBIT = """\
listeners.tcp.local = 127.0.0.1:{amqp}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {metrics}
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.classic_config.nodes.1 = control1@localhost
cluster_formation.classic_config.nodes.2 = control2@localhost
cluster_formation.classic_config.nodes.3 = control3@localhost
cluster_partition_handling = {handling}
"""


class Rabbits:
    """Three nodes of RabbitMQ, each with the plug-in rabbitmq_prometheus."""

    def __init__(self, site: Site, handling: str = "ignore") -> None:
        """Start them, one after the other; a split is handled so."""
        self.site, self.handling = site, handling
        self.ports, self.reach = ({name: free_port() for name in MEMBERS} for _ in range(2))
        self.common = {
            "ERL_EPMD_PORT": str(free_port()), "ERL_EPMD_ADDRESS": "127.0.0.1", "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }  # fmt: skip
        site.start("epmd", "epmd", "-address", "127.0.0.1", "-port", self.common["ERL_EPMD_PORT"])
        site.answers(int(self.common["ERL_EPMD_PORT"]), "epmd")
        for name in MEMBERS:
            self.made(name)
        for name in MEMBERS:
            self.start(name)

    def made(self, name: str) -> None:
        """Write what a node is configured by."""
        home = self.site.folder / f"rabbit-{name}"
        home.mkdir()
        said = RABBIT.format(amqp=free_port(), metrics=self.ports[name], handling=self.handling)
        (home / "rabbitmq.conf").write_text(said, "utf-8")
        (home / "plugins").write_text("[rabbitmq_prometheus].", "utf-8")

    def start(self, name: str) -> None:
        """Start a node, and wait until it serves its metrics, which is when it has joined."""
        home = self.site.folder / f"rabbit-{name}"
        told = {
            "RABBITMQ_NODENAME": f"{name}@localhost", "RABBITMQ_DIST_PORT": str(self.reach[name]),
            "RABBITMQ_MNESIA_BASE": str(home / "data"), "RABBITMQ_LOG_BASE": str(home),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"), "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
        }  # fmt: skip
        self.site.start(f"rabbit-{name}", "/usr/lib/rabbitmq/bin/rabbitmq-server", **self.common, **told)
        self.site.answers(self.ports[name], f"rabbit-{name}")

    def cut(self, name: str, *others: str) -> None:
        """Have a node lose its links to others at once, and make no new ones."""
        peers = ", ".join(f"'{other}@localhost'" for other in others)
        lose = "erlang:set_cookie(Peer, wrong), erlang:disconnect_node(Peer)"
        self.told(name, "eval", f"[begin {lose} end || Peer <- [{peers}]].")

    def told(self, name: str, *command: str) -> str:
        """Have a node do something by its command line."""
        told = {**self.common, "HOME": str(self.site.folder)}
        return sh("/usr/lib/rabbitmq/bin/rabbitmqctl", "-n", f"{name}@localhost", *command, **told)


class Galeras:
    """Three members of a Galera cluster, each with a mysqld exporter."""

    def __init__(self, site: Site) -> None:
        """Make one, and have the others copy from it."""
        self.site = site
        self.group = {name: free_port() for name in MEMBERS}
        self.exporters = {name: free_port() for name in MEMBERS}
        self.slow = self._slow_copies()
        for name in MEMBERS:
            self.start(name, *(["--wsrep-new-cluster"] if name == MEMBERS[0] else []))
            self.exported(name)

    def _slow_copies(self) -> Path:
        """Have members copy as slowly as a site with more data does; a donor of an empty cluster is one for a blink."""
        folder = self.site.folder / "slow"
        folder.mkdir()
        said = {
            "rsync": f'[ "$1" = --daemon ] || set -- --bwlimit=8m "$@"; exec {shutil.which("rsync")} "$@"',
            "wsrep_sst_slowly": f'PATH={folder}:$PATH exec wsrep_sst_rsync "$@"',  # a member puts its own folder first
        }
        for name, text in said.items():
            (folder / name).write_text(f"#!/bin/sh\n{text}\n", "utf-8")
            (folder / name).chmod(0o755)
        return folder

    def socket(self, name: str) -> Path:
        """Give where a member is asked."""
        return self.site.folder / f"galera-{name}" / "mariadbd.sock"

    def start(self, name: str, *more: str) -> None:
        """Start a member, and wait until it is in step."""
        data = self.site.folder / f"galera-{name}"
        if not data.exists():
            sh(
                "mariadb-install-db",
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                f"--datadir={data}",
                "--user=mysql",
            )
        peers = ",".join(f"127.0.0.1:{port}" for port in self.group.values())
        port = free_port()
        self.site.start(
            f"galera-{name}", "mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={self.socket(name)}",
            f"--port={port}", "--bind-address=127.0.0.1", "--user=mysql", f"--pid-file={data}/mariadbd.pid",
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2", "--innodb-buffer-pool-size=32M", "--wsrep-on=ON",
            "--wsrep-provider=/usr/lib/galera/libgalera_smm.so", f"--wsrep-cluster-address=gcomm://{peers}",
            f"--wsrep-node-name={name}", f"--wsrep-node-address=127.0.0.1:{self.group[name]}",
            f"--wsrep-node-incoming-address=127.0.0.1:{port}", "--wsrep-sst-method=slowly",
            f"--wsrep-sst-receive-address=127.0.0.1:{free_port()}",
            f"--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{self.group[name]};gcache.size=8M;"
            f"ist.recv_addr=127.0.0.1:{free_port()}", *more, PATH=f"{self.slow}:{os.environ['PATH']}",
        )  # fmt: skip
        self.site.wait(lambda: self.state(name) == "4", f"{name} is in step")

    def state(self, name: str) -> str:
        """Give what a member says of itself: `4` is in step; nothing where it does not answer."""
        if not self.socket(name).exists():
            assert self.site.running[f"galera-{name}"].poll() is None, f"galera-{name} has ended: its log"
            return ""
        asked = f"mariadb --no-defaults -S {self.socket(name)} -u root -N -e \"show status like 'wsrep_local_state'\""
        said = sh("sh", "-c", f"{asked} 2>&1 || true")
        return said.split()[-1] if said else ""

    def exported(self, name: str) -> None:
        """Start the exporter of a member."""
        self.site.start(
            f"mysqld-{name}", "prometheus-mysqld-exporter", f"--web.listen-address=127.0.0.1:{self.exporters[name]}",
            DATA_SOURCE_NAME=f"root@unix({self.socket(name)})/",
        )  # fmt: skip
        self.site.answers(self.exporters[name], f"mysqld-{name}")


def lacking_clusters() -> bool:
    """Say whether a program of the clusters is not installed."""
    return not all(shutil.which(one) for one in ("mariadbd", "prometheus-mysqld-exporter", "epmd", "rsync"))
