"""The configuration: every mistake at its line, a schema that agrees, and nothing taken that could not be served."""

import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from selfheal_rules.actions import CATALOGUE
from selfheal_rules.check import load_rules
from selfheal_rules.check.serving import check_serving
from selfheal_rules.cli.serve import _log
from selfheal_rules.compile import compile_rules
from selfheal_rules.decide.decision import Outcome
from selfheal_rules.diagnostics import Report
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event
from selfheal_rules.execute import Order
from selfheal_rules.parse.serving import parse_serving
from selfheal_rules.schema import schema
from selfheal_rules.serve.acting import acting
from selfheal_rules.serving import POLLS, TOPICS, Acting, BusSource, Http, LeaseBy, PollSource, Serving, TailSource, Tls
from selfheal_rules.source import Source
from selfheal_rules.values import FrozenMap
from tests.calls import Call, caller
from tests.chunks import Chunk, places, read_chunks
from tests.documents import said
from tests.generate.streams import moment
from tests.journal.rig import free
from tests.serve.rig import ROOT
from tests.servers.taking import taking
from tests.test_schema import _damaged, _held_against, _refusals

CHUNKS = read_chunks("serving")
SCHEMA = Draft7Validator(schema("serve"))
WHOLE = CHUNKS[0].source


def _report(source: Source) -> tuple[Serving | None, Report]:
    serving, report = parse_serving(source)
    return serving, report + (check_serving(serving) if serving and not report.errors else Report(()))


@pytest.mark.parametrize("chunk", CHUNKS, ids=str)
def test_findings_stand_on_the_guilty_lines(chunk: Chunk) -> None:
    """The findings are those the fixture names, each on its line: none is missing and none is added."""
    assert chunk.expected == places(_report(chunk.source)[1])


def test_all_of_it_is_read() -> None:
    """Each key comes to where it belongs."""
    tls = Tls("site.pem", "site.key", "senders.pem")
    expected = Serving(
        ("rulesets/compute-host-failure",),
        "heal.jsonl",
        params=FrozenMap({"patience": "30s", "count": "3", "deep": "true"}),
        policy="policy.yaml",
        mappings=("acme.yaml",),
        max_age=timedelta(minutes=15),
        max_ahead=timedelta(seconds=30),
        queue=500,
        lease=LeaseBy("coordinator.url", "production"),
        http=Http("[::1]:8642", "tokens", tls, 65536, 50, "https://controller:8888/v2"),
        sources=(
            TailSource("alarms.jsonl", "alarms.at"),
            TailSource("-"),
            BusSource("bus.url", "selfheal", ("notifications",), ("nova", "neutron")),
            PollSource(
                ("nova_services", "ironic_nodes"), "production",
                timedelta(minutes=1), timedelta(seconds=5), timedelta(minutes=5), 30,
            ),
        ),
        executors=Acting(
            cloud="production", tell=FrozenMap({"notify": "notify.url", "page": "page.url"}),
            endpoints=FrozenMap({"cmdb": "cmdb.url"}),
            commands=FrozenMap({"drain": ("/opt/site/drain", "--now", "--")}), dry=True, workers=8,
        ),
    )  # fmt: skip
    assert expected == _report(WHOLE)[0]
    assert ("::1", 8642) == (expected.http.address if expected.http else None)


def test_what_is_left_out_is_the_careful_choice() -> None:
    """Nobody acts, a clock a minute ahead is not believed, and versioned notifications are heard like others."""
    text = "selfheal_serve: 1\nrules: [a]\njournal: b\nsources: [{listen: bus, pool: p}]\n"
    serving, report = _report(Source("serve.yaml", text))
    assert ((), serving) == (
        report.findings, Serving(("a",), "b", max_ahead=timedelta(minutes=1), sources=(BusSource("bus", "p", TOPICS),))
    )  # fmt: skip


@pytest.mark.parametrize("chunk", [one for one in CHUNKS if not one.expected], ids=str)
def test_sound_configurations_are_taken_by_the_schema(chunk: Chunk) -> None:
    """What has no finding is taken; every poller is offered."""
    assert [] == _refusals(SCHEMA, said(chunk.source.text))
    assert all(f'"{name}"' in json.dumps(schema("serve")) for name in POLLS)


@given(st.randoms())
def test_a_damaged_configuration_is_refused_by_both_or_by_neither(random: Random) -> None:
    """Reader and schema agree on what is no configuration."""
    damaged = _damaged(said(WHOLE.text), random)
    _held_against(parse_serving(Source("serve.yaml", json.dumps(damaged)))[1], _refusals(SCHEMA, damaged))


# The command


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Give back the logging that the command sets up for its process."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:], logging.root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command, where a cloud is configured that nobody has."""
    (tmp_path / ".clouds").write_text("clouds: {nowhere: {auth: {auth_url: 'http://127.0.0.1:1'}}}", "utf-8")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / ".clouds"))
    return caller(monkeypatch, capsys)


def _config(tmp_path: Path, more: str, rules: Path = ROOT / "rulesets" / "compute-host-failure") -> Path:
    file = tmp_path / "serve.yaml"
    file.write_text(f"selfheal_serve: 1\nrules: [{rules}]\njournal: heal.jsonl\n{more}", "utf-8")
    return file


def test_the_example_can_be_served(call: Call) -> None:
    """The configuration that ships has no finding, and its files are there."""
    called = call("serve", "examples/serve.yaml", "--check")
    assert (0, "the configuration can be served\n", "") == (called.code, called.out, called.err)


def test_mistakes_are_shown_and_nothing_begins(call: Call, tmp_path: Path) -> None:
    """All findings at once, exit code 1, and no journal is made."""
    called = call("serve", _config(tmp_path, 'http: {listen: "0.0.0.0:1"}\nqueue: 0\n'))
    assert (1, True, True) == (called.code, "error[SH432]" in called.err, "error[SH431]" in called.err)
    assert {"serve.yaml", ".clouds"} == {one.name for one in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (
            'http: {listen: "127.0.0.1:0", tokens: none}\n',
            "SH454]: `none`, the `tokens` of this process, cannot",
        ),
        (
            "sources: [{listen: none, pool: p}]\n",
            "SH454]: `none`, the `listen` of this process, cannot",
        ),
        ("sources: [{tail: a}]\npolicy: none.yaml\n", "file `{folder}/none.yaml` cannot be read: no such file"),
        ("sources: [{tail: a}]\nmappings: [none.yaml]\n", "file `{folder}/none.yaml` cannot be read: no such file"),
        ("sources: [{tail: a}]\nparams: {nonsense: 1}\n", "no rule set has a parameter `nonsense`"),
        (
            "sources: [{tail: a}]\npolicy: p.yaml\nexecutors: {record: no/where}\n",
            "SH454]: `no/where`, the `record` of this process, cannot be used: its folder is not there",
        ),
    ],
)
def test_what_is_not_there_is_said(call: Call, tmp_path: Path, more: str, why: str) -> None:
    """A file that is missing is named, by exit code 3 or, for a mistake of usage, 2."""
    (tmp_path / "p.yaml").write_text("selfheal_policy: 1\npolicy: p\n", "utf-8")
    called = call("serve", _config(tmp_path, more))
    assert called.code in {2, 3}
    assert why.replace("{folder}", str(tmp_path)) in called.err


def test_all_that_cannot_be_used_is_said_at_once(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file at its place, beside a key that is misspelt and a policy that is none; and no secret is shown."""
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "none.yaml"))
    for name, text in {"short": "am s3cret\n", "bus": "s3cret\n", "n.url": "s3cret:x\n", "p.yaml": "[]"}.items():
        (tmp_path / name).write_text(text, "utf-8")
    more = """policy: p.yaml
lease: {url: n.url}
http: {listen: "999.1.1.1:1", tokens: short, tls: {certificate: bus, key: short, clients: bus}}
sources:
  - {tail: no/alarms}
  - {listen: bus, pool: p}
  - {poll: [nova_services], cloud: nowhere}
executors: {cloud: elsewhere, endpoints: {cmdb: none.url}}
"""
    file = _config(tmp_path, more)
    file.write_text(file.read_text("utf-8").replace("heal.jsonl", "oracle://me:s3cret@host/x"), "utf-8")
    called = call("serve", file, "--check")
    named = ("oracle://…", "n.url", "999.1.1.1:1", "short", "short", "bus", "no/alarms.position", "bus", "nowhere")
    found = re.findall(r"error\[SH454\]: `(.*?)`, the `(\w+)` of this process, cannot be used: .+", called.err)
    assert sorted([*named, "elsewhere", "none.url"]) == sorted(name for name, _ in found)
    assert (True, False) == ("the policy cannot be taken" in called.err, "s3cret" in called.err)
    misspelt = call("serve", _config(tmp_path, "sorces: []\nlease: {url: none}\npolicy: no.yaml\n"), "--check")
    told = ("SH454", "did you mean `sources`", "no.yaml` cannot be read")
    assert (1, [1, 1, 1]) == (misspelt.code, [misspelt.err.count(one) for one in told])
    unread = call("serve", _config(tmp_path, "policy: p.yaml\nsources: [{tail: a}]\n", tmp_path / "none"), "--check")
    assert (True, True) == ("none` cannot be read" in unread.err, "the policy cannot be taken" in unread.err)


def test_a_traceback_in_the_log_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads JSON lines sees where it broke."""
    _log("json")
    try:
        int("x")
    except ValueError:
        logging.getLogger("uvicorn").exception("broke")
    line = json.loads(capsys.readouterr().err)
    assert ("broke", True) == (line["event"], "ValueError: invalid literal" in line["exception"])


def test_a_configuration_that_is_not_there_is_said(call: Call) -> None:
    """Nothing is looked for elsewhere."""
    called = call("serve", "nowhere.yaml")
    assert (3, "selfheal: file `nowhere.yaml` cannot be read: no such file or directory\n") == (called.code, called.err)


SITE = {"p.yaml": "selfheal_policy: 1\npolicy: p\n", "n.url": "http://127.0.0.1:9/\n", "bad.url": "s3cret\n"}
"""The files of a site that tells people."""


@pytest.mark.parametrize(("check", "code"), [(["--check"], 1), ([], 3)], ids=["check", "start"])
def test_an_action_nobody_carries_out_is_named_before_anything_runs(
    call: Call, tmp_path: Path, check: list[str], code: int
) -> None:
    """Each step that asks for one, at its line in the rules; nothing begins, and no journal is made."""
    for name, text in SITE.items():
        (tmp_path / name).write_text(text, "utf-8")
    more = "sources: [{tail: a}]\npolicy: p.yaml\nexecutors: {cloud: nowhere, tell: {page: n.url}}\n"
    called = call("serve", _config(tmp_path, more), *check)
    rules = (ROOT / "rulesets" / "compute-host-failure" / "rules.yaml").read_text("utf-8")
    said = "error[SH450]: no executor carries out `notify`, which rule"
    assert (code, rules.count("do: notify")) == (called.code, called.err.count(said))
    assert "add its address under `tell:` of `executors:`" in called.err
    assert not (tmp_path / "heal.jsonl").exists()


@pytest.mark.parametrize(
    "executors",
    ["{cloud: nowhere, tell: {page: n.url, notify: n.url}}", "{cloud: nowhere, dry: true}", "{record: d.jsonl}"],
)
def test_what_somebody_carries_out_can_be_served(call: Call, tmp_path: Path, executors: str) -> None:
    """No cloud is asked for it; a dry run and a record take all there is."""
    for name, text in SITE.items():
        (tmp_path / name).write_text(text, "utf-8")
    called = call(
        "serve", _config(tmp_path, f"sources: [{{tail: a}}]\npolicy: p.yaml\nexecutors: {executors}\n"), "--check"
    )
    assert (0, "the configuration can be served\n") == (called.code, called.out)


ASKING = ROOT / "tests" / "data" / "named" / "rules.yaml"
"""A rule that asks for a program and an endpoint; `inventory` is which."""


@pytest.mark.parametrize(
    ("executors", "code", "said"),
    [
        ("commands: {drain: [/bin/true]}", 1, "SH450]: no executor carries out `webhook`"),
        ("endpoints: {cmdb: n.url}", 1, "add its program under `commands:` of `executors:`"),
        ("commands: {drian: [/bin/true]}, endpoints: {cmdb: n.url}", 1, "the site has no command `drain`"),
        ("commands: {drain: [/bin/true]}, endpoints: {cmbd: n.url}", 1, "help: did you mean `cmbd`?"),
        ("commands: {drain: [/bin/true]}, endpoints: {cmbd: n.url}, dry: true", 1, "SH451]: the site has no endpoint"),
        ("commands: {drain: [/no/where]}, endpoints: {cmdb: n.url}", 1, "SH452]: `/no/where`, the program of `drain`"),
        ("commands: {drain: [/etc/hostname], other: [/etc]}, dry: true", 1, "SH452]: `/etc`, the program of `other`"),
        ("commands: {drain: [/bin/true]}, endpoints: {cmdb: none.url}", 1, "SH454]: `none.url`, the `cmdb` of this"),
        ("commands: {drain: [/bin/true]}, endpoints: {cmdb: bad.url}", 1, "/bad.url` holds no address"),
        ("commands: {drain: [/bin/true]}, endpoints: {cmdb: n.url}", 0, ""),
        ("commands: {drain: [/bin/true]}, dry: true", 0, ""),
    ],
)
def test_what_the_site_has_not_named_is_told_before_anything_runs(
    call: Call, tmp_path: Path, executors: str, code: int, said: str
) -> None:
    """Programs and endpoints a rule asks for are there, can be used, and are the site's."""
    for name, text in SITE.items():
        (tmp_path / name).write_text(text, "utf-8")
    more = f"sources: [{{tail: a}}]\npolicy: p.yaml\nexecutors: {{{executors}}}\n"
    called = call("serve", _config(tmp_path, more, ASKING), "--check")
    assert (code, True, False) == (called.code, said in called.err, "s3cret" in called.err)


def test_a_parameter_names_an_endpoint_as_the_site_sets_it(call: Call, tmp_path: Path) -> None:
    """What counts is its value, and not its default."""
    for name, text in SITE.items():
        (tmp_path / name).write_text(text, "utf-8")
    more = "sources: [{tail: a}]\npolicy: p.yaml\nparams: {inventory: other}\n"
    more += "executors: {commands: {drain: [/bin/true]}, endpoints: {cmdb: n.url}}\n"
    called = call("serve", _config(tmp_path, more, ASKING), "--check")
    assert (1, True) == (called.code, "the site has no endpoint `other`" in called.err)


def test_what_the_site_names_is_done(tmp_path: Path) -> None:
    """What a configuration says of programs and endpoints comes to whom it names; a payload gives arguments."""
    program = tmp_path / "drain"
    program.write_text('#!/bin/sh\nprintf "%s|" "$SELFHEAL_TARGET" "$@" > "$0.done"\n', "utf-8")
    program.chmod(0o700)
    with taking() as (host, taken):
        (tmp_path / "n.url").write_text(f"http://{host}/hook", "utf-8")
        said = Acting(commands=FrozenMap({"drain": (str(program), "--")}), endpoints=FrozenMap({"cmdb": "n.url"}))
        engine = Engine(compile_rules(load_rules(ASKING)), policy=free())
        able = {name: one for one in acting(said, tmp_path) for name in one.actions}
        made = [*engine.post(Event("1", "bad", "m", moment(1), {"host": "a", "disks": ["-rf", "$(id) b"]}))]
        while made and (decision := made.pop(0)):
            done = able[decision.action].execute(Order(decision, 1))
            made += engine.post(Outcome(decision.id, done.status, moment(2), attempt=1))
            made += engine.post(Event(decision.id, "good", "m", moment(2), {"host": "a"}))
    assert "a|--|-rf|$(id) b|" == (tmp_path / "drain.done").read_text("utf-8")
    assert ["webhook"] == [json.loads(body)["action"] for _, _, body in taken]


def test_an_address_that_is_none_is_said(call: Call, tmp_path: Path) -> None:
    """By its file, and without what stands in it."""
    for name, text in SITE.items():
        (tmp_path / name).write_text(text, "utf-8")
    more = "sources: [{tail: a}]\npolicy: p.yaml\nexecutors: {cloud: nowhere, tell: {page: bad.url, notify: n.url}}\n"
    called = call("serve", _config(tmp_path, more), "--check")
    assert (1, True, False) == (
        called.code,
        f"`{tmp_path}/bad.url` holds no address" in called.err.replace("\n", " "),
        "s3cret" in called.err,
    )


def test_a_coordinator_that_is_none_is_said(call: Call, tmp_path: Path) -> None:
    """A lease nobody can give is no lease."""
    (tmp_path / "none.url").write_text("etcd3+http://127.0.0.1:1\n", "utf-8")
    called = call("serve", _config(tmp_path, "sources: [{tail: a}]\nlease: {url: none.url}\n"))
    assert (3, True) == (called.code, "of the coordinator cannot be reached" in called.err)


def test_who_acts_is_who_is_named(tmp_path: Path) -> None:
    """Each action has one executor, in a dry run each of the catalogue."""
    for name, text in SITE.items():
        (tmp_path / name).write_text(text, "utf-8")
    tell = FrozenMap({"page": "n.url"})
    named = [name for one in acting(Acting(tell=tell), tmp_path) for name in one.actions]
    dry = [name for one in acting(Acting(tell=tell, dry=True), tmp_path) for name in one.actions]
    assert ["noop", "log", "page"] == named
    assert sorted(CATALOGUE) == sorted(dry)
