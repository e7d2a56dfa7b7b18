"""What other packages bring is found by its entry points, is used like our own, and is told where it cannot be used."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest

from selfheal_rules import conformance
from selfheal_rules.actions import CATALOGUE, ActionType
from selfheal_rules.check import check_rules
from selfheal_rules.check.serving import check_serving
from selfheal_rules.diagnostics import JournalError
from selfheal_rules.execute import brought
from selfheal_rules.guards import GUARDS
from selfheal_rules.journal.leasing import open_lease
from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.serving import parse_serving
from selfheal_rules.plugins import Catalogue, PluginError, plugin, plugins
from selfheal_rules.schema import schema
from selfheal_rules.schema.steps import _do
from selfheal_rules.source import Source
from tests.actions_page import page
from tests.calls import caller
from tests.installed import acme, put

ROOT = Path(__file__).parents[1]
FENCE = ActionType("compute.fence", "none", "Do nothing at all.")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder that packages can be installed in; what was loaded of them is forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    _forget()
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    _forget()


def _forget() -> None:
    """Have the catalogues ask for packages anew: a process asks once."""
    CATALOGUE.__dict__.pop("_brought", None)
    GUARDS.__dict__.pop("_brought", None)


def _actions(own: dict[str, ActionType] | None = None) -> Catalogue[ActionType]:
    return Catalogue("actions", ActionType, own or {})


RULES = """\
selfheal: 1
ruleset: racks
events: {acme.hot: {fields: {rack: string}}}
states: {acme.rack: {key: [rack], fields: {rack: string, status: string}}}
rules:
  - id: drain
    when: {as: hot, event: acme.hot, where: {rack: {exists: true}}}
    then:
      - do: acme.drain_rack
        target: $hot.rack
        with: {ticket: T-1}
        confirm: {state: acme.rack, where: {rack: $hot.rack, status: drained}, within: 1h}
    guard: [{limit: 2, per: 10m}]
    outcome:
      healthy: {state: acme.rack, where: {rack: $hot.rack, status: drained}}
      within: 2h
      else: [{do: notify}]
"""


def _checked(text: str) -> list[tuple[str, str]]:
    ruleset, report = parse_rules(Source("racks.yaml", text))
    assert ruleset is not None
    return [(one.code, one.message) for one in (report + check_rules(ruleset, lint=False)).findings]


def test_an_action_of_another_package_is_one_of_the_catalogue(folder: Path) -> None:
    """Checks hold a rule against it, editors and the page of actions offer it; before, it counts among the worst."""
    assert "acme.drain_rack" not in CATALOGUE
    acme(folder)
    _forget()
    assert "Have people take the load off a rack." == CATALOGUE["acme.drain_rack"].doc
    assert [] == _checked(RULES)
    missing = _checked(RULES.replace("        with: {ticket: T-1}\n", ""))
    assert [("SH349", "`acme.drain_rack` needs `ticket`")] == missing
    assert "acme.drain_rack" in json.dumps(_do())
    assert "### `acme.drain_rack`" in page()


def test_our_own_come_first_and_are_looked_up_without_asking(folder: Path) -> None:
    """Nobody's package is asked for an action of ours, and none may take its name."""
    put(
        folder,
        "thief",
        {"selfheal_rules.actions": {"thief": "thief:FENCE"}},
        thief="from tests.test_plugins import FENCE",
    )
    found = _actions({"compute.fence": CATALOGUE["compute.fence"]})
    assert "high" == found["compute.fence"].risk
    assert "_brought" not in found.__dict__
    (problem,) = found.problems
    assert problem.startswith("the plug-in `thief` of thief 1.0 (selfheal_rules.actions) cannot be used: ")
    assert problem.endswith("`compute.fence` is one of the actions of this library")
    assert ["compute.fence"] == [*found]


def test_of_two_that_bring_one_action_neither_is_taken(folder: Path) -> None:
    """It counts among the worst then, whichever was meant."""
    for name in ("one", "two"):
        written = "from selfheal_rules.actions import ActionType\nA = ActionType('acme.x', 'low', 'Do it.')\n"
        put(folder, name, {"selfheal_rules.actions": {name: f"{name}:A"}}, **{name: written})
    found = _actions()
    why = "cannot be used: `acme.x` is brought twice, and neither is taken"
    told = [f"the plug-in `{name}` of {name} 1.0 (selfheal_rules.actions) {why}" for name in ("one", "two")]
    assert told == list(found.problems)
    assert None is found.get("acme.x")


@pytest.mark.parametrize(
    ("written", "point", "why"),
    [
        ("1 / 0", "broken:A", "ZeroDivisionError: division by zero"),
        ("", "broken:A", "AttributeError: module 'broken' has no attribute 'A'"),
        ("import nowhere", "broken:A", "ModuleNotFoundError: No module named 'nowhere'"),
        ("A = 'acme.x'", "broken:A", "it names no `ActionType`, nor a tuple of them"),
        ("A = ()", "broken:A", "it names no `ActionType`, nor a tuple of them"),
        (
            "from selfheal_rules.actions import ActionType\nA = ActionType('drain', 'low', 'Do it.')",
            "broken:A",
            "`drain` has no name of its package before a dot",
        ),
    ],
)
def test_what_cannot_be_used_is_told(folder: Path, written: str, point: str, why: str) -> None:
    """Whoever checks a rule set hears of it, with the package that is to blame; all else goes on."""
    put(folder, "broken", {"selfheal_rules.actions": {"broken": point}}, broken=written)
    told = f"the plug-in `broken` of broken 1.0 (selfheal_rules.actions) cannot be used: {why}"
    assert (told,) == _actions().problems
    _forget()
    assert ("SH359", told) in _checked(RULES)
    assert "notify" in CATALOGUE


STORY = """\
selfheal_test: 1
rulesets: [rules.yaml]
cases:
  - name: a shift has as much to do as it can
    policy: enforce
    steps:
      - t: 0s
        post: [{event: acme.hot, with: {rack: r1}}]
        expect: [{do: acme.drain_rack, target: r1}]
      - t: 1s
        post: [{event: acme.hot, with: {rack: r2}}]
        held: [{do: acme.drain_rack, target: r2, by: acme.shift}]
"""


def test_a_guard_of_another_package_stands_in_rules_and_is_tested_like_ours(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands of an author know it once it is installed; before, they say what to install, and where it stands."""
    call = caller(monkeypatch, capsys)
    (folder / "rules.yaml").write_text(RULES.replace("per: 10m}]", "per: 10m}, {acme.shift: 1, hours: 2}]"), "utf-8")
    (folder / "tests.yaml").write_text(STORY, "utf-8")
    missing = call("check", folder / "rules.yaml")
    assert 1 == missing.code
    assert "error[SH150]: `acme.shift` is no guard" in missing.out + missing.err
    assert "install the package that brings `acme.shift`" in missing.out + missing.err
    acme(folder)
    _forget()
    assert 0 == call("check", folder / "rules.yaml").code
    tested = call("test", folder)
    assert 0 == tested.code, tested.out
    covered = call("test", folder, "--coverage").out
    assert "guards 3 of 4 (75 %)" in covered
    assert "guard `limit` never held one back" in covered
    drawn = call("graph", folder / "rules.yaml")
    assert "acme.shift 1 hours 2" in drawn.out
    assert "acme.shift" in json.dumps(schema("rules"))


def test_executors_are_made_when_they_are_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of the entry point; dry ones where no harm is to be done."""
    acme(folder)
    monkeypatch.setenv("ACME_BOARD", str(folder))
    (executor,) = brought("acme", dry=True)
    assert ("acme.drain_rack",) == tuple(executor.actions)
    with pytest.raises(PluginError, match=r"no package .* brings `acmee` .*; there is `acme`"):
        brought("acmee")
    monkeypatch.delenv("ACME_BOARD")
    with pytest.raises(PluginError, match=r"`acme` of acme-selfheal 1.0 .* KeyError: 'ACME_BOARD'"):
        brought("acme")


def test_what_is_no_executor_is_refused(folder: Path) -> None:
    """Also where a function takes no `dry`, and where two packages have one name."""
    written = "def make(*, dry): return [object()]\ndef old(): return ()\n"
    points = {"thing": "thing:make", "old": "thing:old"}
    put(folder, "thing", {"selfheal_rules.executors": points}, thing=written)
    with pytest.raises(PluginError, match="`object` has no `actions`, and is no executor"):
        brought("thing")
    with pytest.raises(PluginError, match="TypeError"):
        brought("old")
    put(folder, "other", {"selfheal_rules.executors": {"thing": "thing:make"}})
    with pytest.raises(PluginError, match=r"two packages bring `thing`: .*other 1.0.* and .*thing 1.0"):
        plugin("executors", "thing")


def test_a_lease_is_found_by_the_scheme_of_its_url(folder: Path) -> None:
    """A scheme that no package brings is a coordinator's."""
    acme(folder)
    first, second = (open_lease(f"acme:{folder}") for _ in range(2))
    first.acquire()
    with pytest.raises(Exception, match="another holds it"):
        second.acquire()
    coordinated = open_lease(f"file://{folder}/locks")
    coordinated.acquire()
    coordinated.check()
    coordinated.release()
    put(folder, "none", {"selfheal_rules.leases": {"none": "acme_selfheal:Board"}})
    with pytest.raises(PluginError, match="has no `acquire`, and is no lease"):
        open_lease("none:")


SERVED = "selfheal_serve: 1\nrules: [r.yaml]\njournal: j\npolicy: p.yaml\n"


def test_a_configuration_names_what_it_uses(folder: Path) -> None:
    """Executors beside a cloud or alone, and sources with what they are given; a name nobody brings is told."""
    text = SERVED + "sources: [{plugin: acme, with: {folder: in}}]\nexecutors: {plugins: [acme]}\n"
    serving, report = parse_serving(Source("serve.yaml", text))
    assert serving is not None
    assert "no findings" == report.render()
    assert ["SH359", "SH359"] == [one.code for one in check_serving(serving).findings]
    acme(folder)
    assert [] == list(check_serving(serving).findings)
    for bad in ("executors: {record: f, plugins: [acme]}", "executors: {plugins: []}", "executors: {}"):
        assert parse_serving(Source("serve.yaml", SERVED + "sources: [{tail: t}]\n" + bad + "\n"))[1].findings
    both = SERVED + "sources: [{tail: t}]\nexecutors: {cloud: c, plugins: [acme]}\n"
    assert "no findings" == parse_serving(Source("serve.yaml", both))[1].render()


def test_nothing_is_imported_before_it_is_asked_for(tmp_path: Path) -> None:
    """Importing the library, loading and checking rules of our own actions runs no line of a stranger's."""
    written = "raise SystemExit('imported')"
    points = {f"selfheal_rules.{group}": {"loud": "loud:A"} for group in ("executors", "sources", "leases")}
    put(tmp_path, "loud", points, loud=written)
    code = "import selfheal_rules as sr; sr.compile_rules(sr.load_rules('rulesets/compute-host-failure'))"
    known = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=known, capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert 3 == len([one for group in ("executors", "sources", "leases") for one in _found(tmp_path, group)])


def _found(folder: Path, group: str) -> list[str]:
    code = f"from selfheal_rules.plugins import plugins; print(*[one.name for one in plugins({group!r})])"
    known = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=known, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_example_keeps_what_plugins_promise(tmp_path: Path) -> None:
    """Its author's own command passes: `pytest examples/plugin`, with the package installed."""
    known = {**os.environ, "PYTHONPATH": str(acme(tmp_path))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "examples/plugin"]
    done = subprocess.run(command, cwd=ROOT, env=known, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout
    assert "21 passed, 1 skipped" in done.stdout


def test_plugins_are_in_order() -> None:
    """By name and package, whatever the order of the path."""
    found = plugins("executors")
    assert sorted(found) == list(found)


PAGE = (ROOT / "docs" / "plugins.md").read_text("utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_is_true(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its entry points are the example's, its rule has no finding, its executor is found, its contract is kept."""
    acme(folder)
    monkeypatch.setenv("ACME_BOARD", str(folder))
    (told,) = _blocks("toml")
    assert told in (ROOT / "examples" / "plugin" / "pyproject.toml").read_text("utf-8")
    (rule,) = _blocks("yaml")
    assert [] == _checked(rule)
    added, gathered, guard, written = _blocks("python")
    _is_kept(added)
    _is_a_guard(guard)
    exec(gathered, {})  # noqa: S102 - the page's own example
    names: dict[str, Any] = {}
    exec(written, names)  # noqa: S102 - the page's own example
    contract = names["TestBoard"]()
    for promise in (one for one in dir(contract) if one.startswith("test_")):
        with suppress(SkipTest):
            getattr(contract, promise)()


def _is_kept(written: str) -> None:
    """Hold the action and the executor that the page writes out to what can be asked of them without a package."""
    names: dict[str, Any] = {}
    exec(written, names)  # noqa: S102 - the page's own example
    entry = type("Entry", (conformance.ActionContract,), {"action": names["ACTION"]})()
    entry.test_it_says_what_it_is()
    entry.test_a_confirmation_speaks_of_the_target()
    (lamps,) = names["executors"](dry=True)
    outcome = lamps.execute(conformance.asked("lamp.light", "hall"))
    assert (("lamp.light",), "dry_run", "light hall") == (lamps.actions, outcome.status, outcome.detail)


def _is_a_guard(written: str) -> None:
    """Hold the guard that the page writes out to what guards promise."""
    names: dict[str, Any] = {}
    exec(written, names)  # noqa: S102 - the page's own example
    GUARDS.__dict__["_brought"] = ({"lamps.rest": names["REST"]}, ())
    contract = type("Rest", (conformance.GuardContract,), {"guard": names["REST"]})()
    contract.written = "{lamps.rest: 90s, room: hall}"
    for promise in (one for one in dir(contract) if one.startswith("test_")):
        getattr(contract, promise)()


def test_the_page_names_every_contract() -> None:
    """Nothing that can be held to is left out."""
    assert [] == [one for one in conformance.__all__ if one[0].isupper() and f"| `{one}` |" not in PAGE]


def test_without_the_extra_a_coordinator_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheme that is neither a plug-in's nor, for want of tooz, a coordinator's."""
    monkeypatch.setitem(sys.modules, "selfheal_rules.journal.coordinated", None)
    with pytest.raises(JournalError, match="`etcd3` is no plug-in, and a coordinator needs tooz"):
        open_lease("etcd3://here")
