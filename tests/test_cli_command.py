"""The command as a whole: its endings, and its manners on pipes and terminals."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from selfheal_rules.cli.screen import Screen, clean, takes_colour
from tests.calls import ROOT, RULES, STREAM, Call, alarm, caller, process


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


def test_the_version_is_the_package_s(call: Call) -> None:
    """`--version` tells it."""
    found = call("--version")
    assert (0, f"selfheal {version('selfheal-rules')}\n") == (found.code, found.out)


@pytest.mark.parametrize("command", ["check", "run", "events"])
def test_every_command_explains_itself(call: Call, command: str) -> None:
    """`--help` begins with the usage."""
    assert call(command, "--help").out.startswith(f"usage: selfheal {command}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("chekc", RULES), "invalid choice: 'chekc'"),
        (("check",), "the following arguments are required: PATH"),
        (("run", RULES), "the following arguments are required: --input"),
        (("run", RULES, "--input", "-", "--max-age", "ten"), "`ten` is not a duration such as `30s`"),
        (("run", RULES, "--input", "-", "--max-age", "9" * 30 + "d"), "d` is longer than any time that can be"),
        (("run", RULES, "--input", "-", "--max-age", "0s"), "`0s` is no time at all"),
        (("run", RULES, "--input", "-", "--until", "soon"), "`soon` is not a time with its zone"),
        (("run", RULES, "--input", "-", "--until", "2026-11-22"), "`2026-11-22` is not a time with its zone"),
        (("run", RULES, "--input", "-", "--until", "0001-01-01T00:00:00+09:00"), "is not a time"),
        (("run", RULES, "--input", "-", "--param", "patience"), "`patience` is not of the form `name=value`"),
        (("run", RULES, "--inp", "-"), "the following arguments are required: --input"),
    ],
)
def test_a_wrong_call_is_told_what_is_wrong(call: Call, arguments: tuple[str, ...], said: str) -> None:
    """It ends with 2, and nothing runs."""
    found = call(*arguments)
    assert (2, "") == (found.code, found.out)
    assert said in found.err


def test_the_package_runs_as_the_command() -> None:
    """`python -m selfheal_rules` is `selfheal`."""
    ran = process("check", RULES, stdout=subprocess.PIPE)
    assert (b"no findings\n", b"") == ran.communicate()
    assert 0 == ran.returncode


def test_decisions_come_as_their_payloads_do() -> None:
    """What is decided is written before the next line is there, though both ends are pipes."""
    lines = (ROOT / STREAM).read_bytes().splitlines(keepends=True)
    with process("run", RULES, "--input", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as ran:
        assert ran.stdin
        assert ran.stdout
        ran.stdin.write(b"".join(lines[:14]))
        ran.stdin.flush()
        assert b"2026-11-22T16:10:01.890954Z  compute.fence compute3\n" == ran.stdout.readline()
        ran.communicate()


def test_an_interrupted_run_says_how_far_it_was() -> None:
    """Ctrl-C ends with the summary and 130, without a traceback."""
    lines = (ROOT / STREAM).read_bytes().splitlines(keepends=True)
    with process("run", RULES, "--input", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as ran:
        assert ran.stdin
        assert ran.stdout
        ran.stdin.write(b"".join(lines[:14]))
        ran.stdin.flush()
        ran.stdout.readline()
        ran.send_signal(signal.SIGINT)
        ran.wait(timeout=60)
        out, err = ran.communicate()
    assert (130, b"selfheal: interrupted after line 14\n") == (ran.returncode, err)
    assert b"1 decision: 1 heal-dead-host\n" in out


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`selfheal run … | head -1` writes nothing to standard error and ends with 0."""
    with process("events", STREAM, stdout=subprocess.PIPE) as ran:
        assert ran.stdout
        assert ran.stderr
        ran.stdout.readline()
        ran.stdout.close()
        said = ran.stderr.read()
    assert 0 == ran.returncode
    assert b"Traceback" not in said
    assert b"Exception" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is full")
def test_a_full_disk_is_said() -> None:
    """It ends with 3 and one line."""
    with Path("/dev/full").open("wb") as full, process("run", RULES, "--input", STREAM, stdout=full) as ran:
        _, err = ran.communicate()
    assert (3, b"selfheal: the output cannot be written: no space left on device\n") == (ran.returncode, err)


def test_any_text_can_be_written_in_any_encoding(tmp_path: Path) -> None:
    """What an encoding lacks is written as an escape."""
    path = tmp_path / "odd.jsonl"
    path.write_bytes(alarm("ü", "2026-01-01T00:00:00Z"))
    more = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    options = ("--until", "2026-01-01T01:00:00Z")
    with process("run", RULES, "--input", path, *options, stdout=subprocess.PIPE, env={**os.environ, **more}) as ran:
        out, err = ran.communicate()
    assert (0, b"") == (ran.returncode, err)
    assert b"notify \\xfc\n" in out


def test_a_closed_standard_input_is_said(call: Call) -> None:
    """There is nothing to read, and that is no empty input."""
    found = call("run", RULES, "--input", "-", text=None)
    assert (3, "selfheal: standard input is closed\n") == (found.code, found.err)


def _on_terminal(*arguments: str, environment: dict[str, str]) -> str:
    """Give what a terminal shows that is standard output and standard error of the command."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "selfheal_rules", *arguments]
    plain = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "TERM"}}
    with subprocess.Popen(command, cwd=ROOT, stdout=theirs, stderr=theirs, env=plain | environment) as ran:
        os.close(theirs)
        shown = b""
        while chunk := _chunk(ours):
            shown += chunk
    os.close(ours)
    assert 0 == ran.returncode
    return shown.decode().replace("\r\n", "\n")


def _chunk(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how a terminal says that nobody is at its other end
        return b""


def test_a_terminal_is_shown_colours_unless_it_minds() -> None:
    """`NO_COLOR` and a dumb terminal are respected; without the colours it is the same text."""
    arguments = ("run", RULES, "--input", STREAM)
    coloured = _on_terminal(*arguments, environment={"TERM": "xterm"})
    assert "\x1b[1mcompute.fence compute3\x1b[0m" in coloured
    for environment in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert re.sub(r"\x1b\[\d+m", "", coloured) == _on_terminal(*arguments, environment=environment)


def test_findings_are_coloured_by_how_much_they_matter(tmp_path: Path) -> None:
    """An error is red, a warning yellow."""
    rules = (ROOT / RULES / "rules.yaml").read_text("utf-8")
    (tmp_path / "rules.yaml").write_text(rules.replace("params:\n", "params:\n  idle: {type: string, default: a}\n"))
    shown = _on_terminal("check", str(tmp_path), environment={"TERM": "xterm"})
    assert "\x1b[33mwarning[SH" in shown


class _Terminal:
    """A stream that says it is a terminal."""

    def __init__(self) -> None:
        self.written = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written += text
        return len(text)

    def flush(self) -> None:
        pass


def test_progress_is_for_people_and_for_long_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line appears after a second, not more often than can be read, and is gone before anything else is written."""
    terminal, clock = _Terminal(), [0.0]
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    screen = Screen()
    screen.progress(64)
    clock[0] = 2.0
    screen.progress(65)
    screen.progress(128)
    screen.progress(192)
    screen.err("line 9: malformed: no")
    screen.done()
    assert "\r\x1b[K128 items, 64 a second\r\x1b[Kline 9: malformed: no\n" == terminal.written


def test_nobody_watches_a_pipe(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where standard error is no terminal there is no progress, and nothing is coloured that is not there."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    screen = Screen()
    clock[0] = 100.0
    screen.progress(64)
    assert ("", "") == capsys.readouterr()
    assert not takes_colour(None)


def test_text_is_cleaned_of_what_steers_a_terminal() -> None:
    """Printable text stays, newlines stay, everything else is written as an escape."""
    assert "grün\n" == clean("grün\n")
    assert r"\x1b]0;x\x07\u202e\ud800" == clean("\x1b]0;x\x07\u202e\ud800")
