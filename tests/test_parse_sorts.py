"""A file of one sort where another is wanted: one finding, which names both and the command to use."""

from collections.abc import Callable

import pytest

from selfheal_rules.diagnostics import Report
from selfheal_rules.parse import parse_mapping, parse_rules, parse_vocabulary
from selfheal_rules.parse.cloud import parse_cloud
from selfheal_rules.parse.policy import parse_policy
from selfheal_rules.parse.serving import parse_serving
from selfheal_rules.parse.sorts import SORTS
from selfheal_rules.source import Source
from selfheal_rules.testing.parse import parse_suite
from tests.calls import Call, caller

Reader = Callable[[Source], tuple[object, Report]]
READERS: dict[str, Reader] = {
    "selfheal": parse_rules,
    "selfheal_test": parse_suite,
    "selfheal_policy": parse_policy,
    "selfheal_vocabulary": parse_vocabulary,
    "selfheal_mapping": parse_mapping,
    "selfheal_cloud": parse_cloud,
    "selfheal_serve": parse_serving,
}


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command from the root of the repository."""
    return caller(monkeypatch, capsys)


def test_every_sort_has_its_reader() -> None:
    """The table of sorts and the readers name the same."""
    assert list(SORTS) == list(READERS)


@pytest.mark.parametrize("wanted", SORTS)
@pytest.mark.parametrize("given", SORTS)
def test_a_file_of_another_sort_is_one_finding(wanted: str, given: str) -> None:
    """Whatever else is in it, and with every reader; one of its own sort is read."""
    text = f"# of the site\n{given}: 1\nrules: [5]\nguards: 7\nstrange: {{}}\n"
    found, report = READERS[wanted](Source("some.yaml", text))
    codes = [finding.code for finding in report.findings]
    if wanted == given:
        assert "SH119" not in codes
        return
    assert (None, ["SH119"]) == (found, codes)
    (only,) = report.findings
    assert (2, SORTS[given].use) == (only.span.line, only.help)
    assert only.message.startswith(f"this is {SORTS[given].what}, not a")


@pytest.mark.parametrize("wanted", SORTS)
def test_an_empty_file_is_told_how_it_may_begin(wanted: str) -> None:
    """Every sort is named, for nobody knows which was meant."""
    _, report = READERS[wanted](Source("some.yaml", "# later\n"))
    (only,) = report.findings
    assert ("SH014", True) == (only.code, f"`{wanted}: 1` for {SORTS[wanted].what}" in only.help)


RULES = "rulesets/compute-host-failure"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("check", f"{RULES}/tests.yaml"), 1, "this is a file of tests, not a rule set"),
        (("check", RULES, "--policy", f"{RULES}/tests.yaml"), 1, "this is a file of tests, not a policy"),
        (("test", "examples/policy.yaml"), 3, "this is a policy, not a file of tests"),
        (("fmt", "--check", f"{RULES}/tests.yaml"), 3, "this is a file of tests, not a rule set"),
        (("gaps", RULES, "--cloud", f"{RULES}/rules.yaml"), 3, "this is a rule set, not a description of a cloud"),
        (("serve", f"{RULES}/rules.yaml"), 1, "this is a rule set, not a configuration"),
    ],
)
def test_each_command_says_so_once(call: Call, arguments: tuple[str, ...], code: int, said: str) -> None:
    """The sort, the cure, and nothing else."""
    called = call(*arguments)
    text = called.out + called.err
    assert (code, 1) == (called.code, text.count("error["))
    assert said in text
    assert "= help: `selfheal" in text
