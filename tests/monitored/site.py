"""A monitoring of its own on the loopback interface: exporters, Prometheus with the alerts of a stack, Alertmanager."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

import requests
import yaml
from attrs import define, field

from tests.cloud.hook import Hook
from tests.cloud.tape import Tape
from tests.stacks_page import PARTS, Stack, alerting, stacks

PATIENCE = 120
"""Seconds a program has until it does what is waited for."""

OUTSIDE = ("--web.external-url=http://prometheus.example.org", "--web.route-prefix=/")


@define
class Target:
    """
    What Prometheus asks: a job, where, and the labels a site sets in its scrape configuration.

    `through` is the port of a blackbox exporter that says whether the port of the target is open.
    """

    job: str
    port: int
    labels: Mapping[str, str]
    through: int = 0


def free_port() -> int:
    """Give a port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


PORT = free_port()
"""Where Alertmanager posts to."""


@define
class Site:
    """Programs that were started, and end with it."""

    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(factory=dict)
    prometheus: int = field(factory=free_port)
    _logs: list[IO[bytes]] = field(factory=list)

    def start(self, name: str, *command: str | Path, **told: str) -> None:
        """Start a program in a session of its own; its words go into a file of the folder."""
        log = (self.folder / f"{name}.log").open("ab")
        self._logs.append(log)
        environment = {**os.environ, "HOME": str(self.folder), **told}
        self.running[name] = subprocess.Popen(
            [*map(str, command)],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )

    def kill(self, name: str) -> None:
        """End a program and all it started, at once and without a word, as a failure does."""
        one = self.running.pop(name)
        if one.poll() is None:
            os.killpg(one.pid, signal.SIGKILL)
        one.wait()

    def end(self) -> None:
        """End all that was started."""
        for name in [*self.running]:
            self.kill(name)
        for log in self._logs:
            log.close()

    def node(self, name: str, *arguments: str, under: Sequence[str] = (), port: int = 0) -> int:
        """Start a node exporter, and give its port."""
        port = port or free_port()
        self.start(
            name,
            *under,
            str(shutil.which("prometheus-node-exporter")),
            f"--web.listen-address=127.0.0.1:{port}",
            *arguments,
        )
        self.answers(port, name)
        return port

    def blackbox(self) -> int:
        """Start a blackbox exporter that connects to ports, and give its own."""
        self._write("blackbox.yml", {"modules": {"tcp_connect": {"prober": "tcp"}}})
        port, config = free_port(), f"--config.file={self.folder / 'blackbox.yml'}"
        self.start("blackbox", "prometheus-blackbox-exporter", config, f"--web.listen-address=127.0.0.1:{port}")
        self.answers(port, "blackbox")
        return port

    def answers(self, port: int, name: str) -> None:
        """Wait until somebody listens."""
        self.wait(lambda: self._listens(port, name), f"{name} listens")

    def _listens(self, port: int, name: str) -> bool:
        code = self.running[name].poll()
        assert code is None, f"{name} has ended: {(self.folder / f'{name}.log').read_text('utf-8', 'replace')[-2000:]}"
        with socket.socket() as one:
            return not one.connect_ex(("127.0.0.1", port))

    def watch(self, stack: Stack, targets: Sequence[Target], hook: int) -> None:
        """Start Prometheus with the alerts of a stack, and Alertmanager as the stack has it.

        Only `for` is made short, and the webhook's address is the one given; expressions and labels are the stack's.
        """
        alertmanager = free_port()
        self._write("alertmanager.yml", _receiving(hook))
        self.start(
            "alertmanager", "prometheus-alertmanager", f"--config.file={self.folder / 'alertmanager.yml'}",
            f"--storage.path={self.folder / 'alertmanager'}", f"--web.listen-address=127.0.0.1:{alertmanager}",
            "--cluster.listen-address=", "--web.external-url=http://alertmanager.example.org", "--web.route-prefix=/",
        )  # fmt: skip
        self._write("alerts.yml", _hurried(stack))
        self._write("prometheus.yml", _scraping(targets, alertmanager))
        self.start(
            "prometheus", "prometheus", f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'prometheus'}", f"--web.listen-address=127.0.0.1:{self.prometheus}",
            *OUTSIDE,
        )  # fmt: skip
        self.answers(alertmanager, "alertmanager")
        self.answers(self.prometheus, "prometheus")
        ready = f"http://127.0.0.1:{self.prometheus}/-/ready"
        self.wait(lambda: requests.get(ready, timeout=10).ok, "prometheus is ready")

    def _write(self, name: str, said: object) -> None:
        (self.folder / name).write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")

    def answered(self, expression: str) -> dict[str, Any]:
        """Give what Prometheus answers to an expression, as it is."""
        where = f"http://127.0.0.1:{self.prometheus}/api/v1/query"
        answer = cast("dict[str, Any]", requests.get(where, params={"query": expression}, timeout=10).json())
        assert answer["status"] == "success", answer
        return answer

    def asked(self, expression: str) -> list[dict[str, Any]]:
        """Give the rows Prometheus answers to an expression."""
        return list(self.answered(expression)["data"]["result"])

    def wait(self, holds: Callable[[], object], what: str) -> None:
        """Wait until something holds."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, f"{what}: not within {PATIENCE} s"
            time.sleep(0.2)


def _receiving(hook: int) -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load(PARTS["sources"]["alertmanager"]["text"])
    (receiver,) = said["receivers"]
    receiver["webhook_configs"][0] |= {"url": f"http://127.0.0.1:{hook}/v1/events"}
    del receiver["webhook_configs"][0]["http_config"]
    return said


def _hurried(stack: Stack) -> dict[str, Any]:
    texts = [alerting(stack)] if stack.alerts else [PARTS["sources"]["prometheus"]["text"]]
    said = [yaml.safe_load(text) for text in texts]
    for rule in (rule for one in said for group in one["groups"] for rule in group["rules"] if "alert" in rule):
        rule["for"] = "3s"
    return {"groups": [group for one in said for group in one["groups"]]}


def _scraping(targets: Sequence[Target], alertmanager: int) -> dict[str, Any]:
    jobs: dict[str, dict[str, Any]] = {}
    for one in targets:
        job = jobs.setdefault(one.job, {"job_name": one.job, "static_configs": [], **_probing(one.through)})
        job["static_configs"].append({"targets": [f"127.0.0.1:{one.port}"], "labels": dict(one.labels)})
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["alerts.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
        "scrape_configs": [*jobs.values()],
    }


def _probing(through: int) -> dict[str, Any]:
    target = {"source_labels": ["__address__"], "target_label": "__param_target"}
    asked = {"target_label": "__address__", "replacement": f"127.0.0.1:{through}"}
    said = {"metrics_path": "/probe", "params": {"module": ["tcp_connect"]}, "relabel_configs": [target, asked]}
    return said if through else {}


def watched(site: Site, name: str, targets: Sequence[Target], hook: Hook) -> Tape:
    """Have the alerts of a stack watched; give the tape once each target was asked, and nothing is wrong with it."""
    site.watch(next(one for one in stacks() if one.name == name), targets, PORT)
    site.wait(lambda: len(targets) == len(site.asked("up == 1")), "all targets answer")
    return Tape(hook=hook)


def lacking(*programs: str) -> list[str]:
    """Name the programs that are not installed."""
    return [one for one in programs if shutil.which(one) is None]
