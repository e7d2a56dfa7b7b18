"""The page of `selfheal serve` is true: its configuration is sound, its code runs, its tables name what there is."""

import re
import shutil
from pathlib import Path

import pytest

from selfheal_rules.cli import main
from selfheal_rules.parse.serving import ACTING, BUS, HTTP, LEASE, POLL, SERVING, TAIL, TELL
from selfheal_rules.serve.metrics import Metrics
from selfheal_rules.serving import POLLS
from tests.calls import ROOT

PAGE = (ROOT / "docs" / "serve.md").read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with what the page names."""
    for name in ("rulesets", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "tokens").write_text("prometheus 0123456789abcdef0123\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_configuration_can_be_served(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The one on the page has no finding, and the files it names are there."""
    found = re.search(r"<!-- file: serve.yaml -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found
    (folder / "serve.yaml").write_text(found[1], "utf-8")
    assert 0 == main(["serve", "serve.yaml", "--check"])
    assert ("the configuration can be served\n", "") == capsys.readouterr()


def test_the_code_runs(folder: Path) -> None:
    """As it stands, and the journal it makes is whole."""
    *_, block = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    exec(block, {})  # noqa: S102 - the page's own example
    assert 0 == main(["journal", "verify", str(folder / "embedded.jsonl")])


def test_the_page_names_every_key_and_poller() -> None:
    """Nothing that can be configured is left out."""
    keys = [
        name for one in (SERVING, HTTP, TAIL, BUS, POLL, LEASE, ACTING, TELL) for name in (*one.required, *one.optional)
    ]
    assert [] == [name for name in [*keys, *POLLS] if not re.search(rf"\b{name}\b", PAGE)]


def test_the_page_names_every_metric() -> None:
    """Each metric of the process has its row, under the name it is scraped by."""
    metrics = Metrics()
    names = {line.split()[2] for line in metrics.text().decode().splitlines() if line.startswith("# TYPE")}
    told = {name for name in names if not name.endswith("_created")}
    rows = {*re.findall(r"`(selfheal_\w+)", PAGE)} - {"selfheal_serve", "selfheal_rules", "selfheal_"}
    assert sorted(told) == sorted(rows)


def test_the_example_of_a_rule_is_sound(folder: Path) -> None:
    """What a rule may say of a poller that is stale compiles."""
    (unless,) = re.findall(r"^```yaml\n(unless: .*?)\n```", PAGE, re.MULTILINE | re.DOTALL)
    rule = "- id: a\n    when:\n      all: [{state: service.liveness, as: s, where: {alive: false}}]\n"
    head = "selfheal: 1\nruleset: x\nvocabulary: [openstack]\nrules:\n  "
    (folder / "r.yaml").write_text(
        f"{head}{rule}      {unless}\n    then: [{{do: notify, target: $s.host}}]\n", "utf-8"
    )
    assert 0 == main(["check", "r.yaml"])


def _run_by(text: str) -> list[str]:
    """Give the commands a unit or container runs."""
    return [line for line in text.splitlines() if "serve" in line and line.startswith(("ExecStart", "CMD"))]


def test_the_unit_and_the_container_call_what_there_is() -> None:
    """The options they use exist."""
    lines = _run_by((ROOT / "examples" / "selfheal.service").read_text("utf-8"))
    lines += _run_by((ROOT / "examples" / "Containerfile").read_text("utf-8"))
    assert 3 == len(lines)
    options = {option for line in lines for option in re.findall(r"--[a-z]+", line)}
    assert {"--check", "--log"} == options
