"""The tutorial: its commands are run in a shell, in its order, and print what it shows."""

import contextlib
import io
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from attrs import define, field

from selfheal_rules.cli import main
from tests.calls import ROOT

PAGE = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
_BLOCK = re.compile(r"(?:<!-- ([^\n]+) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)
BLOCKS: list[tuple[str, str, str]] = _BLOCK.findall(PAGE)
README = (ROOT / "README.md").read_text("utf-8")
PATIENCE = 60.0
Said: TypeAlias = tuple[str, int, str]
"""A command, with what it ends and what it shows."""


def _commands(mark: str, block: str) -> Iterator[Said]:
    """Give the commands of a block; a mark says how the last of them ends."""
    found = re.findall(r"^\$ ([^\n]*)\n((?:(?!\$ )[^\n]*\n)*)", block, re.MULTILINE)
    for at, (command, shown) in enumerate(found, 1):
        yield command, int(mark.removeprefix("ends with ") or 0) if at == len(found) else 0, shown


SAID = [one for mark, language, block in BLOCKS if language == "console" for one in _commands(mark, block)]


@define
class Shell:
    """What types the page: `selfheal` by itself in this process, all else in a shell, in the folder of a reader."""

    port: int
    jobs: list["subprocess.Popen[bytes]"] = field(factory=list)

    def type(self, command: str) -> tuple[int, str]:
        """Give how a command ended, and what it printed."""
        command = command.replace("8642", str(self.port))
        if command.endswith("&"):
            return self._begin(command.removesuffix("&"))
        if command == "kill %1":
            self.jobs[0].terminate()
            return 0 if self.jobs.pop().wait(PATIENCE) == 0 else 1, ""
        if command.startswith("selfheal") and not set(command) & set("|>"):
            return self._call(*shlex.split(command)[1:])
        ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=PATIENCE)
        return ran.returncode, ran.stdout + ran.stderr

    def _call(self, *words: str) -> tuple[int, str]:
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
        out.seek(0)
        return code, out.read() + err.getvalue()

    def _begin(self, command: str) -> tuple[int, str]:
        """Start a process, and wait until it listens: a reader is slower than that."""
        self.jobs.append(job := subprocess.Popen(["bash", "-c", f"exec {command}"]))
        log, patience = Path("serve.log"), time.monotonic() + PATIENCE
        while not (log.exists() and '"serving"' in log.read_text("utf-8")):
            assert job.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < patience
            time.sleep(0.02)
        return 0, ""


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[int, str]]]:
    """Give what became of each command of the page, all of them typed in order."""
    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as free:
        shell = Shell(free.getsockname()[1])
        free.close()
        patch.chdir(tmp_path_factory.mktemp("tutorial"))
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        Path("examples").symlink_to(ROOT / "examples")
        (begin,) = (block for mark, _, block in BLOCKS if mark == "command: begin")
        assert (0, "") == shell.type("\n".join(begin.splitlines()[1:]))
        patch.chdir("first")
        found: list[tuple[int, str]] = []
        for mark, language, block in BLOCKS:
            if language == "yaml":
                Path(mark.removeprefix("file: ")).write_text(block.replace("8642", str(shell.port)), "utf-8")
            found += [shell.type(one[0]) for one in _commands(mark, block)] if language == "console" else []
        yield found
        assert [] == shell.jobs


@pytest.mark.parametrize(("at", "said"), [*enumerate(SAID)], ids=[said[0] for said in SAID])
def test_a_command_prints_what_is_shown(typed: list[tuple[int, str]], at: int, said: Said) -> None:
    """What is between the `…` is in what it prints, in this order, from the very beginning to the very end."""
    (_, ending, shown), (code, told) = said, typed[at]
    pieces = (re.escape(piece) for piece in shown.removesuffix("\n").split("…"))
    told = re.sub(r" +$", "", told.removesuffix("\n"), flags=re.MULTILINE)
    assert re.fullmatch(".*?".join(pieces), told, re.DOTALL), told
    assert ending == code


def test_the_report_is_a_page(typed: list[tuple[int, str]]) -> None:
    """What a reader is to open is there."""
    assert typed
    assert Path("report.html").read_text("utf-8").startswith("<!doctype html>")


def test_every_block_is_run() -> None:
    """There is no block that is neither a file, nor commands with what they print, nor the two that set up."""
    others = [mark for mark, language, _ in BLOCKS if language not in {"yaml", "console"}]
    assert ["command: install", "command: begin"] == others
    assert PAGE.count("```") == 2 * len(BLOCKS)
    assert [] == [block for mark, language, block in BLOCKS if language == "yaml" and not mark.startswith("file: ")]


def test_it_is_set_up_as_the_readme_says() -> None:
    """By the line that `.ci/run` runs in a fresh copy, with one extra more."""
    (install,) = (block.strip() for mark, _, block in BLOCKS if mark == "command: install")
    assert install.replace("'.[serve,cli]'", ".") in README


def test_every_link_leads_somewhere() -> None:
    """Each page it points to is there, and README points to it."""
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE)
    assert [] == [link for link in links if not (ROOT / "docs" / link).exists()]
    assert "docs/tutorial.md" in README
