"""Reference stacks are what the rule sets need, and their configuration is taken by the programs it is for."""

import ast
import configparser
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from selfheal_rules.events import Event
from selfheal_rules.normalize import normalize_payload
from tests.calls import Call, caller
from tests.servers.taking import taking
from tests.shipped import shipped
from tests.stacks_page import (
    FOLDER,
    PARTS,
    ROOT,
    TRIED,
    Stack,
    alerting,
    pages,
    policy,
    serving,
    stacks,
    workflow,
)

STACKS = stacks()
INI = [(name, part) for name, part in PARTS["sources"].items() if part["language"] == "ini"]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Give the command."""
    return caller(monkeypatch, capsys)


def _judged(tool: str, *arguments: str | Path) -> None:
    program = shutil.which(tool)
    if program is None:
        pytest.skip(f"{tool} is not installed (Debian packages prometheus and prometheus-alertmanager)")
    said = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert 0 == said.returncode, said.stdout + said.stderr


def test_each_rule_set_has_its_page() -> None:
    """Each page reads as it is written from the rule set, and there is no other."""
    written = pages()
    assert {*written} == {*FOLDER.glob("*.md")}
    assert [] == [path.name for path, text in written.items() if path.read_text("utf-8") != text]


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.name)
def test_the_process_takes_its_configuration(
    call: Call, tmp_path: Path, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`selfheal serve --check` finds nothing wrong with configuration, policy and rules together."""
    said = serving(stack).replace("rulesets/", f"{ROOT / 'rulesets'}/")
    for name, text in {"serve.yaml": said, "policy.yaml": policy(stack), "tokens": "sender 0123456789abcdef\n"}.items():
        (tmp_path / name).write_text(text, "utf-8")
    for name in stack.tells:
        (tmp_path / f"{name}.url").write_text("https://chat.example.org/hooks/1\n", "utf-8")
    (tmp_path / "bus.url").write_text("rabbit://user:password@127.0.0.1:5672/\n", "utf-8")
    (tmp_path / "clouds.yaml").write_text("clouds: {production: {auth: {auth_url: 'http://127.0.0.1/'}}}\n", "utf-8")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    checked = call("serve", tmp_path / "serve.yaml", "--check")
    assert 0 == checked.code, checked.out + checked.err


def test_prometheus_takes_what_it_scrapes(tmp_path: Path) -> None:
    """What all pages link to is a configuration of Prometheus', with each job an alert goes by."""
    (tmp_path / "prometheus.yml").write_text(PARTS["prometheus"]["text"], "utf-8")
    _judged("promtool", "check", "config", tmp_path / "prometheus.yml")
    jobs = {one["job_name"] for one in yaml.safe_load(PARTS["prometheus"]["text"])["scrape_configs"]}
    asked = {job for one in PARTS["alerts"].values() for job in re.findall(r'job="(\w+)"', one["expr"])}
    assert set() == asked - jobs


@pytest.mark.parametrize("stack", [one for one in STACKS if one.workflows], ids=lambda stack: stack.name)
def test_a_workflow_takes_what_rules_give(stack: Stack) -> None:
    """Each workflow that rules start has an example, whose input has the names they give."""
    for name, given in stack.workflows.items():
        (made,) = re.findall(r"```yaml\n(.+?)```", workflow(name), re.DOTALL)
        read = yaml.safe_load(made)[name]
        assert given == sorted(read["input"])
        assert {*re.findall(r"<% \$\.(\w+) %>", made)} == {*given}


@pytest.mark.parametrize("stack", [one for one in STACKS if one.alerts], ids=lambda stack: stack.name)
def test_prometheus_takes_the_alerts(tmp_path: Path, stack: Stack) -> None:
    """Each expression is one of Prometheus' own."""
    (tmp_path / "alerts.yml").write_text(alerting(stack), "utf-8")
    _judged("promtool", "check", "rules", tmp_path / "alerts.yml")


def _names(tree: ast.AST) -> dict[str, ast.AST]:
    """Give what each name of a piece of code stands for."""
    given = [one for one in ast.walk(tree) if isinstance(one, ast.Assign)]
    return {
        one.id: made.value for made in given for to in made.targets for one in ast.walk(to) if isinstance(one, ast.Name)
    }


def _words(tree: ast.AST, names: dict[str, ast.AST], seen: frozenset[str] = frozenset()) -> set[str]:
    """Give the texts in a piece of code, and in what its names stand for."""
    found = {one.value for one in ast.walk(tree) if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    for one in ast.walk(tree):
        if isinstance(one, ast.Name) and one.id in names and one.id not in seen:
            found |= _words(names[one.id], names, seen | {one.id})
        elif isinstance(one, ast.Attribute):
            found.add(one.attr)
        elif isinstance(one, ast.Name):
            found.add(one.id)
    return found


def _asserted(file: str, test: str) -> Iterator[set[str]]:
    """Give what stands in each assertion of a test on the real cloud, and then in the whole of it."""
    module = ast.parse((ROOT / "tests" / "cloud" / f"{file}.py").read_text("utf-8"))
    (found,) = [one for one in module.body if isinstance(one, ast.FunctionDef) and one.name == test]
    outer = {name: value for one in module.body for name, value in _names(one).items() if isinstance(one, ast.Assign)}
    names = {**outer, **_names(found)}
    yield from (_words(one, names) for one in ast.walk(found) if isinstance(one, ast.Assert))
    yield _words(found, names)


TESTED = [(sort, name, *one) for sort, named in TRIED.items() for name, tests in named.items() for one in tests.items()]


@pytest.mark.parametrize(("sort", "name", "file", "test"), TESTED, ids=lambda one: one.removeprefix("test_"))
def test_what_is_said_to_be_tried_is_asserted(sort: str, name: str, file: str, test: str) -> None:
    """An action stands in an assertion that something was done; a poller in the test that goes by it."""
    *asserted, whole = _asserted(file, test)
    if sort == "actions":
        assert any({name, "done"} <= one and "refused" not in one for one in asserted)
    else:
        assert any(name in one for one in whole)


FIRES = """\
rule_files: [alerts.yml]
evaluation_interval: 30s
tests:
  - interval: 30s
    input_series:
      # one that failed; a member of a bond; one that failed and was switched off; one that was switched off; a bond
      - {series: 'node_network_carrier{instance="h", device="eno1"}', values: 1 0x20}
      - {series: 'node_network_flags{instance="h", device="eno1"}', values: 4099x21}
      - {series: 'node_network_carrier{instance="h", device="enp3s0"}', values: 1 0x20}
      - {series: 'node_network_flags{instance="h", device="enp3s0"}', values: 6147x21}
      - {series: 'node_network_carrier{instance="h", device="eth0"}', values: 1 0 0 stale}
      - {series: 'node_network_flags{instance="h", device="eth0"}', values: 4099 4099 4099 4098x18}
      - {series: 'node_network_carrier{instance="h", device="eth1"}', values: 1 1 1 stale}
      - {series: 'node_network_flags{instance="h", device="eth1"}', values: 4099 4099 4099 4098x18}
      - {series: 'node_network_carrier{instance="h", device="bond0"}', values: 1x21}
      - {series: 'node_network_flags{instance="h", device="bond0"}', values: 5187x21}
    alert_rule_test:
      - eval_time: 8m
        alertname: NicDown
        exp_alerts:
          - exp_labels: {severity: critical, instance: h, device: eno1}
          - exp_labels: {severity: critical, instance: h, device: eth0}
"""


def test_a_card_is_down_where_it_has_lost_its_carrier(tmp_path: Path) -> None:
    """Members of bonds are left out, and so is what people switch off, unless it had failed before."""
    (stack,) = [one for one in STACKS if one.name == "nic-failure"]
    (tmp_path / "alerts.yml").write_text(alerting(stack), "utf-8")
    (tmp_path / "fires.yml").write_text(FIRES, "utf-8")
    _judged("promtool", "test", "rules", tmp_path / "fires.yml")


SPLIT = """\
rule_files: [alerts.yml]
evaluation_interval: 30s
tests:
  - name: one of three has paused, as RabbitMQ 3.10 does it; its port for other members is open
    interval: 30s
    input_series:
      - {series: 'rabbitmq_build_info{cluster="r", host="a"}', values: 1x20}
      - {series: 'rabbitmq_build_info{cluster="r", host="b"}', values: 1x20}
      - {series: 'rabbitmq_build_info{cluster="r", host="c"}', values: 1x2 stale}
      - {series: 'erlang_vm_dist_node_state{cluster="r", host="a", peer="rabbit@b"}', values: 3x20}
      - {series: 'erlang_vm_dist_node_state{cluster="r", host="b", peer="rabbit@a"}', values: 3x20}
      - {series: 'erlang_vm_dist_node_state{cluster="r", host="a", peer="rabbit@c"}', values: 3x2 stale}
      - {series: 'up{job="rabbitmq", cluster="r", host="a"}', values: 1x20}
      - {series: 'up{job="rabbitmq", cluster="r", host="c"}', values: 1x2 0x17}
      - {series: 'probe_success{job="rabbitmq_distribution", cluster="r", host="c"}', values: 1x20}
    alert_rule_test:
      - eval_time: 6m
        alertname: RabbitMQPaused
        exp_alerts: [{exp_labels: {severity: critical, job: rabbitmq, cluster: r, host: c}}]
      - eval_time: 6m
        alertname: RabbitMQPartition
  - name: one whose plug-in alone has died is linked to still
    interval: 30s
    input_series:
      - {series: 'erlang_vm_dist_node_state{cluster="r", host="a", peer="rabbit@c"}', values: 3x20}
      - {series: 'up{job="rabbitmq", cluster="r", host="c"}', values: 1x2 0x17}
      - {series: 'probe_success{job="rabbitmq_distribution", cluster="r", host="c"}', values: 1x20}
    alert_rule_test: [{eval_time: 6m, alertname: RabbitMQPaused}, {eval_time: 6m, alertname: RabbitMQDown}]
  - name: one that died is down, and has not paused
    interval: 30s
    input_series:
      - {series: 'up{job="rabbitmq", cluster="r", host="c"}', values: 1x2 0x17}
      - {series: 'probe_success{job="rabbitmq_distribution", cluster="r", host="c"}', values: 1x2 0x17}
    alert_rule_test:
      - {eval_time: 6m, alertname: RabbitMQPaused}
      - eval_time: 6m
        alertname: RabbitMQDown
        exp_alerts: [{exp_labels: {severity: critical, job: rabbitmq, cluster: r, host: c}}]
  - name: one that runs and is linked to by nobody is told of before a restart could be
    interval: 30s
    input_series:
      - {series: 'rabbitmq_build_info{cluster="r", host="a"}', values: 1x20}
      - {series: 'rabbitmq_build_info{cluster="r", host="b"}', values: 1x20}
    alert_rule_test:
      - eval_time: 90s
        alertname: RabbitMQPartition
        exp_alerts: [{exp_labels: {severity: critical, cluster: r}}]
"""


def test_a_member_that_has_paused_is_told_from_one_that_died(tmp_path: Path) -> None:
    """Both close the port of their plug-in and drop their links; the port for other members tells them apart."""
    (stack,) = [one for one in STACKS if one.name == "cluster-member"]
    (tmp_path / "alerts.yml").write_text(alerting(stack), "utf-8")
    (tmp_path / "split.yml").write_text(SPLIT, "utf-8")
    _judged("promtool", "test", "rules", tmp_path / "split.yml")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_pacemaker_tells_of_hosts_by_their_names(tmp_path: Path) -> None:
    """Of nodes that are lost or there, by the part of the cluster that has quorum; of nothing else."""
    script = PARTS["sources"]["masakari.monitors"]["text"].replace("/etc/selfheal/", f"{tmp_path}/")
    (tmp_path / "alert.header").write_text("Authorization: Bearer t0ken\n", "utf-8")
    quorum = tmp_path / "crm_node"
    quorum.write_text('#!/bin/sh\necho "$QUORUM"\n', "utf-8")
    quorum.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    with taking() as (address, taken):
        to = f"http://{address}/v1/events"
        for kind, said, has in [
            ("node", "lost", 1),
            ("node", "lost", 0),
            ("fencing", "lost", 1),
            ("node", "member", 1),
        ]:
            told = {"CRM_alert_kind": kind, "CRM_alert_desc": said, "CRM_alert_node": "c1", "CRM_alert_recipient": to}
            subprocess.run(["sh", "-c", script], env={**told, "QUORUM": str(has), "PATH": path}, check=True)
    assert {"Bearer t0ken"} == {headers["Authorization"] for _, headers, _ in taken}
    found = [one for _, _, body in taken for one in normalize_payload(json.loads(body))]
    assert [("host.lost", "c1", True), ("host.returned", "c1", None)] == [
        (one.kind, one.fields["host"], one.fields.get("recoverable")) for one in found if isinstance(one, Event)
    ]


def test_alertmanager_takes_its_configuration(tmp_path: Path) -> None:
    """The receiver is one Alertmanager can have."""
    said = PARTS["sources"]["alertmanager"]["text"].replace("/etc/alertmanager/", f"{tmp_path}/")
    (tmp_path / "alertmanager.yml").write_text(said, "utf-8")
    _judged("amtool", "check-config", tmp_path / "alertmanager.yml")


def test_every_alarm_that_is_named_has_its_alert() -> None:
    """No shipped rule waits for an alarm of a name that no alert of a stack raises."""
    named = {name for one in STACKS for name in one.named}
    assert set() == named - {*PARTS["alerts"]}


@pytest.mark.parametrize(("name", "part"), INI, ids=[name for name, _ in INI])
def test_what_is_set_is_what_was_tried(name: str, part: dict[str, Any]) -> None:
    """Each key of a service's configuration is set in the cloud of the tests, where it has the service."""
    read = configparser.ConfigParser()
    read.read_string(part["text"])
    keys = [key for section in ("DEFAULT", *read.sections()) for key in read[section]]
    assert keys, name
    tried = "".join(
        (ROOT / path).read_text("utf-8") for path in ([part["conf"], "tests/cloud/up/lib.sh"] if part["conf"] else [])
    )
    assert [] == [key for key in keys if tried and f"{key} = " not in tried]


def test_every_part_is_of_a_source() -> None:
    """Parts are named as the vocabulary names sources, and what is in YAML is YAML."""
    known = {name for one in shipped() for name in one.vocabulary.sources}
    assert [] == [name for name in PARTS["sources"] if name not in known]
    assert all(yaml.safe_load(part["text"]) for part in PARTS["sources"].values() if part["language"] == "yaml")
