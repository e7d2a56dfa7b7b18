"""The front door: which names are promised, and what opening it costs."""

import inspect
import json
import pickle
import subprocess
import sys
from importlib.metadata import entry_points, requires
from pathlib import Path
from types import ModuleType

import pytest

import selfheal_rules as sr
from selfheal_rules import testing

PROMISED = (
    "Decision",
    "Diagnostic",
    "Engine",
    "EngineError",
    "Event",
    "EventError",
    "Outcome",
    "Program",
    "Report",
    "RuleSet",
    "RuleSetError",
    "SelfHealError",
    "SnapshotError",
    "State",
    "Step",
    "Verdict",
    "check_rules",
    "compile_rules",
    "load_rules",
    "normalize_payload",
)

STRANGERS = ("durable", "openstack", "sqlalchemy", "oslo_messaging", "httpx", "rich", "asyncio", "hypothesis", "pytest")
"""What importing the package must not bring in: every extra, and what costs a host time or a thread."""


def test_the_names_are_these() -> None:
    """`__all__` is exactly the promised names, sorted."""
    assert list(PROMISED) == sorted(sr.__all__)


@pytest.mark.parametrize("module", [sr, testing], ids=["selfheal_rules", "selfheal_rules.testing"])
def test_names_are_listed_and_others_refused(module: ModuleType) -> None:
    """What is promised is listed before it is used; what is not promised is not there."""
    assert {*module.__all__} <= {*dir(module)}
    assert all(getattr(module, name) for name in module.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Enginee'"):
        _ = module.Enginee


def test_twenty_names_are_enough() -> None:
    """The front door has at most twenty names."""
    assert len(sr.__all__) <= 20


@pytest.mark.parametrize("name", PROMISED)
def test_every_name_is_there_and_says_what_it_is(name: str) -> None:
    """Each promised name exists and has a docstring."""
    assert inspect.getdoc(getattr(sr, name))


def test_importing_brings_in_no_stranger() -> None:
    """`import selfheal_rules` loads no extra and no event loop."""
    code = "import json, sys, selfheal_rules; print(json.dumps(sorted(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = {name.partition(".")[0] for name in json.loads(shown)}
    assert [] == sorted(loaded & set(STRANGERS))


def test_the_core_needs_three_packages() -> None:
    """A plain install brings attrs, pyyaml and structlog, and nothing else."""
    plain = [need for need in requires("selfheal-rules") or [] if "extra ==" not in need]
    assert ["attrs", "pyyaml", "structlog"] == sorted(need.split(">=")[0].lower() for need in plain)


def test_the_command_is_installed() -> None:
    """`selfheal` starts `selfheal_rules.cli.main`."""
    (script,) = entry_points(group="console_scripts", name="selfheal")
    assert "selfheal_rules.cli:main" == script.value


def test_types_are_shipped() -> None:
    """The package tells type checkers that it is typed."""
    assert (Path(inspect.getfile(sr)).parent / "py.typed").is_file()


@pytest.mark.parametrize(
    "error", [sr.RuleSetError(sr.Report(())), sr.EventError("no", field="host"), sr.EngineError("no")]
)
def test_every_error_has_one_root_and_travels(error: sr.SelfHealError) -> None:
    """One `except SelfHealError` catches all, and an error survives a process boundary."""
    assert isinstance(error, sr.SelfHealError)
    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301 - made the line before


def test_the_types_as_a_caller_sees_them() -> None:
    """`tests/typing/api.py` passes strict mypy."""
    script = Path(__file__).parent / "typing" / "api.py"
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(script)]
    assert "" == subprocess.run(command, capture_output=True, text=True, check=False).stdout
