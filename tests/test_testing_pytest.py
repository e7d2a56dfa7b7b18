"""Files of tests are items of pytest: found, named by their lines, run, and told of as anywhere else."""

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from selfheal_rules.parse import yaml_nodes
from selfheal_rules.testing import report, verdicts
from tests.suites import RULES

LOADED = (yaml_nodes, report, verdicts)
"""What a run inside this one needs is there before: pytester takes away what such a run loads, and C code stays."""

pytest_plugins = ["pytester"]

TESTS = """\
selfheal_test: 1
cases:
  - name: it is told
    steps: [{t: 0s, event: lost, with: {host: c1}, expect: [{do: notify}]}]
  - name: nobody is told
    steps: [{t: 0s, event: lost, with: {host: c1}, expect: []}]
  - name: some other day
    skip: not today
    steps: [{t: 0s, expect: []}]
"""


@pytest.fixture
def site(pytester: pytest.Pytester) -> pytest.Pytester:
    """Give a folder with rules and their tests."""
    (pytester.path / "rules.yaml").write_text(RULES, "utf-8")
    (pytester.path / "tests.yaml").write_text(TESTS, "utf-8")
    return pytester


def test_the_plug_in_is_installed() -> None:
    """Pytest finds it by its entry point."""
    (found,) = entry_points(group="pytest11", name="selfheal")
    assert "selfheal_rules.testing.pytest_plugin" == found.value


def test_cases_are_items_with_their_lines(site: pytest.Pytester) -> None:
    """Each case is an item; what fails reads as `selfheal test` has it."""
    result = site.runpytest("-rs", "-vv")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines([
        "tests.yaml::it is told PASSED*", "tests.yaml::nobody is told FAILED*", "tests.yaml::some other day SKIPPED*",
        "*FAILED *tests.yaml:5:11: nobody is told", "*step 1 at 0s (line 6): 1 decided and not expected",
        "    + {do: notify, target: c1, rule: tell*", "*timeline", "*because", "SKIPPED*not today",
    ])  # fmt: skip
    assert "Traceback" not in result.stdout.str()


def test_cases_are_chosen_as_any_tests(site: pytest.Pytester) -> None:
    """`-k` and node ids choose among them; the line is that of the name."""
    site.runpytest(
        "-k", "not other and told and not is_not", "--deselect", "tests.yaml::nobody is told"
    ).assert_outcomes(passed=1, deselected=2)
    site.runpytest("tests.yaml::it is told").assert_outcomes(passed=1)
    items = site.inline_run("--collect-only", "-q").getcalls("pytest_collection_modifyitems")[0].items
    assert [(2, "it is told"), (4, "nobody is told"), (6, "some other day")] == [
        item.reportinfo()[1:] for item in items
    ]


def test_other_files_of_that_name_are_left_alone(pytester: pytest.Pytester) -> None:
    """Only what begins with our head is ours, under either name."""
    foreign = "- {name: molecule, selfheal_test: no}\n"
    (pytester.path / "tests.yaml").write_text(foreign, "utf-8")
    (pytester.path / "other.selfheal-test.yaml").write_bytes(b"\xff\xfe binary")
    pytester.runpytest().assert_outcomes()
    (pytester.path / "rules.yaml").write_text(RULES, "utf-8")
    (pytester.path / "other.selfheal-test.yaml").write_text(TESTS, "utf-8")
    pytester.runpytest().assert_outcomes(passed=1, failed=1, skipped=1)


def test_what_is_wrong_with_a_file_is_said_whole(site: pytest.Pytester) -> None:
    """A file that cannot be read is one error of the collection, with every finding."""
    (site.path / "tests.yaml").write_text(
        TESTS.replace("notify", "notfy").replace("event: lost", "event: lots"), "utf-8"
    )
    result = site.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*error*SH414*: no rule set knows the event `lots`", "*SH416*", "3 errors, 0 warnings"]
    )


def test_a_fault_of_the_library_is_a_traceback(site: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no failure of a case is shown as pytest shows it."""

    def broken(_: object) -> None:
        message = "a fault"
        raise OSError(message)

    monkeypatch.setattr("selfheal_rules.testing.verdicts.judge", broken)
    site.runpytest("tests.yaml::it is told").stdout.fnmatch_lines(["*OSError: a fault"])


def test_what_was_left_out_is_said(site: pytest.Pytester) -> None:
    """A note of a case stands in the report of an item that is shown."""
    foreign = RULES.replace("compute.disable_service", "acme.drain")
    (site.path / "rules.yaml").write_text(foreign, "utf-8")
    site.runpytest("-rP").stdout.fnmatch_lines(["*nothing is `allowed`, only `shadowed`*"])


def test_a_run_without_such_files_imports_nothing(tmp_path: Path) -> None:
    """Loading the plug-in brings in the two packages it lies in, and nothing else of the library."""
    assert all(LOADED)
    code = "import json, sys, selfheal_rules.testing.pytest_plugin; print(json.dumps(sorted(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    loaded = [name for name in json.loads(shown.stdout) if name.partition(".")[0] == "selfheal_rules"]
    where = ["selfheal_rules", "selfheal_rules.front", "selfheal_rules.testing", "selfheal_rules.testing.pytest_plugin"]
    assert where == loaded


def test_shares_are_held_as_an_item_of_its_own(site: pytest.Pytester) -> None:
    """A file that asks for coverage has one item more; it says what lacks what, or is left out where a case fails."""
    text = TESTS.replace("cases:", "coverage: {rules: 100}\ncases:")
    (site.path / "tests.yaml").write_text(text, "utf-8")
    result = site.runpytest("-rs")
    result.assert_outcomes(passed=1, failed=1, skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED*a case fails"])
    (site.path / "tests.yaml").write_text(text.replace("expect: []", "expect: [{do: notify}]"), "utf-8")
    result = site.runpytest("-vv")
    result.stdout.fnmatch_lines(["tests.yaml::coverage FAILED*", "rules: 25.0 % covered, 100 % asked for",
                                 "*rules.yaml:*: rule of `drain` never fired"])  # fmt: skip
    (site.path / "tests.yaml").write_text(
        text.replace("expect: []", "expect: [{do: notify}]").replace("rules: 100", "rules: 25"), "utf-8"
    )
    site.runpytest().assert_outcomes(passed=3, skipped=1)
