"""Completion as a shell does it: what each offers behind the words typed so far, asked of the shell itself."""

import os
import pty
import select
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from selfheal_rules.cli.command import _parser
from tests.calls import Call, caller

Offered = Callable[[str], list[str]]
NAMES = sorted(name for action in _parser()._subparsers._group_actions for name in action.choices)  # type: ignore[union-attr]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


def _script(call: Call, shell: str, folder: Path) -> Path:
    found = call("completion", shell)
    assert (0, "") == (found.code, found.err)
    file = folder / f"completion.{shell}"
    file.write_text(found.out, "utf-8")
    (folder / "rules.yaml").write_text("", "utf-8")
    return file


_BASH = """\
source "$1"
COMP_LINE=$2; COMP_POINT=${#2}
read -ra COMP_WORDS <<< "$2"
[[ $2 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_shtab_selfheal selfheal "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
_FISH = "source $argv[1]; complete -C $argv[2]"


def _lines(command: list[str], folder: Path) -> list[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return [line.split("\t")[0].strip() for line in done.stdout.splitlines() if line.strip()]


@pytest.fixture(params=["bash", "fish"])
def offered(request: pytest.FixtureRequest, call: Call, tmp_path: Path) -> Offered:
    """Give what a shell offers behind a line."""
    shell: str = request.param
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    script = _script(call, shell, tmp_path)
    asking = ["bash", "--norc", "-c", _BASH, "bash"] if shell == "bash" else ["fish", "--no-config", "-c", _FISH]
    return lambda line: sorted(_lines([*asking, str(script), line], tmp_path))


def test_commands_are_offered(offered: Offered) -> None:
    """All of them, or those that begin as what is typed."""
    assert NAMES == [name for name in offered("selfheal ") if not name.startswith("-")]
    assert ["check"] == offered("selfheal ch")
    assert ["recover", "show", "verify"] == [name for name in offered("selfheal journal ") if not name.startswith("-")]


def test_options_and_choices_are_offered(offered: Offered) -> None:
    """Those of the command that is typed."""
    assert {"--format", "--policy", "--inventory"} <= set(offered("selfheal check --"))
    assert ["github", "json", "sarif", "text"] == offered("selfheal check --format ")
    assert ["sarif"] == offered("selfheal check --format s")


def test_files_are_offered(offered: Offered) -> None:
    """Where a file is named."""
    assert ["rules.yaml"] == offered("selfheal check ru")
    assert ["rules.yaml"] == offered("selfheal check rules.yaml --policy ru")


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_completes_a_word(call: Call, tmp_path: Path) -> None:
    """Typed at a terminal, with the key that completes: zsh has no other way to be asked."""
    (tmp_path / "fpath").mkdir()
    _script(call, "zsh", tmp_path).rename(tmp_path / "fpath" / "_selfheal")
    master, slave = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "dumb", "ZDOTDIR": str(tmp_path)}
    with subprocess.Popen(
        ["zsh", "-f", "-i"], stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=tmp_path, close_fds=True
    ) as zsh:
        os.close(slave)
        ready = "PS1=; fpath=($PWD/fpath $fpath); autoload -Uz compinit; compinit -D -u; echo rea''dy\n"
        assert "ready" in _typed(master, ready, "ready\r\n")
        assert "selfheal check" in _typed(master, "selfheal che\t", "check ")
        assert "--format github" in _typed(master, "rules.yaml --format gi\t", "github ")
        zsh.kill()
    os.close(master)


def _typed(terminal: int, text: str, awaited: str) -> str:
    """Type something, and give what the terminal shows until something is on it, or nothing more comes."""
    os.write(terminal, text.encode())
    seen = ""
    while awaited not in seen and select.select([terminal], [], [], 20)[0]:
        seen += os.read(terminal, 4096).decode(errors="replace")
    return seen


def test_without_the_library_it_says_what_to_install(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "shtab", None)
    found = call("completion", "bash")
    assert (3, "") == (found.code, found.out)
    assert "install `selfheal-rules[cli]`" in found.err
