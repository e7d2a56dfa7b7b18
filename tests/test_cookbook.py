"""Every answer of the cookbook is a rule that works: nothing is found in it, and its tests hold and notice mistakes."""

import re
from pathlib import Path

import pytest

from tests.calls import Call, caller
from tests.everyday import some

BOOK = Path(__file__).parents[1] / "docs" / "cookbook"
PAGES = sorted(page for page in BOOK.glob("*.md") if page.name != "README.md")
HARDER = "coverage: {rules: 100, mutation: 80}\nalso: [crash_each_step, duplicate_each_event, reorder_ties]\n"
_FILE = re.compile(r"<!-- (\S+\.yaml) -->\n```yaml\n(.*?)```", re.DOTALL)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Give the command."""
    return caller(monkeypatch, capsys)


def _written(page: Path, folder: Path) -> Path:
    """Write the files a page shows, as its reader would."""
    for name, text in _FILE.findall(page.read_text("utf-8")):
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("page", some(PAGES, 4), ids=lambda page: page.stem)
def test_the_answer_holds(call: Call, page: Path, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Its rules are sound; its tests pass, whatever befalls; in a whole run, they notice four of five mistakes, too."""
    folder = _written(page, tmp_path)
    tests, policy = folder / "tests.yaml", folder / "policy.yaml"
    tests.write_text(tests.read_text("utf-8").replace("cases:\n", f"{HARDER}cases:\n", 1), "utf-8")
    checked = call("check", folder / "rules.yaml", *(["--policy", policy] if policy.exists() else []))
    assert (0, "no findings\n") == (checked.code, checked.out + checked.err)
    tested = call("test", folder, *(["--mutate"] if pytestconfig.getoption("--whole") else []))
    assert 0 == tested.code, tested.out + tested.err


def test_opting_out_as_the_page_says_it(call: Call, tmp_path: Path) -> None:
    """What opts in by its key is turned round: only who is known to have said nothing is started."""
    page = (BOOK / "opt-in.md").read_text("utf-8")
    out = next(iter(re.findall(r"write `(metadata: .+?)` in place", page)))
    folder = _written(BOOK / "opt-in.md", tmp_path)
    rules, tests = folder / "rules.yaml", folder / "tests.yaml"
    rules.write_text(rules.read_text("utf-8").replace('metadata.HA_Enabled: "True"', out), "utf-8")
    row = "      - {{t: 16m, with: {{instance: i1, host: c1, status: stopped, locked: false{}}}, said: [{}]}}\n"
    rows = [
        ("", ""),
        (", metadata: {}", "{do: compute.start_server}"),
        *((f', metadata: {{HA_Enabled: "{said}"}}', "") for said in (True, False)),
    ]
    matrix = "matrix:\n" + "".join(row.format(*cells) for cells in rows) + "    steps:"
    first = tests.read_text("utf-8").split("\n\n", 1)[0] + "\n"
    tests.write_text(re.sub(r"matrix:\n.*?    steps:", lambda _: matrix, first, flags=re.DOTALL), "utf-8")
    assert 0 == call("check", rules).code
    tested = call("test", folder)
    assert 0 == tested.code, tested.out + tested.err


def test_the_contents_name_every_answer() -> None:
    """The contents list each page once, by the question it answers."""
    listed = re.findall(r"^- \[(.+?)\]\((\S+?)\)", (BOOK / "README.md").read_text("utf-8"), re.MULTILINE)
    asked = [(page.read_text("utf-8").splitlines()[0].removeprefix("# "), page.name) for page in PAGES]
    assert sorted(asked) == sorted(listed)
