"""Running programs of the site's: no shell, nothing of our environment, no end that is not told, and nothing left."""

import json
import os
import select
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event
from typing import Any, ClassVar

import pytest

from selfheal_rules.conformance import ExecutorContract, asked
from selfheal_rules.decide.decision import Outcome
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute import Commands, Order

SOON = 5.0
SHOWN = f"""\
#!{sys.executable} -I
import json, os, sys
print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd(), sys.stdin.read(), os.getsid(0) == os.getpid()]),
      file=open(os.path.dirname(sys.argv[0]) + "/shown", "w"))
"""


def _order(*args: str, target: str = "8d1c") -> Order:
    return asked("command", target, {"command": "it", "args": list(args)})


def _program(folder: Path, text: str) -> str:
    file = folder / "it"
    file.write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n", "utf-8")
    file.chmod(0o700)
    return str(file)


def _run(folder: Path, text: str, **settings: Any) -> Outcome:  # noqa: ANN401 - those of the executor
    return Commands({"it": [_program(folder, text)]}, **settings).execute(_order())


def test_a_program_gets_what_the_site_and_the_rule_say_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each argument is one, whatever is in it; the decision is its input; of our environment it gets nothing."""
    monkeypatch.setenv("OS_PASSWORD", "s3cret")
    order = _order("; reboot", "$$(id) `id`", "a  b", "*", "", "ü\n", "--no-preserve-root")
    commands = Commands({"it": [_program(tmp_path, SHOWN), "--now", "--"]})
    assert "done" == commands.execute(order).status
    args, environment, folder, said, leads = json.loads((tmp_path / "shown").read_text("utf-8"))
    assert ["--now", "--", "; reboot", "$(id) `id`", "a  b", "*", "", "ü\n", "--no-preserve-root"] == args
    assert (order.written(), "/", True) == (json.loads(said), folder, leads)
    about = {"KEY": order.idempotency_key, "TOKEN": "1", "DECISION": order.id, "RULE": order.rule, "TARGET": "8d1c"}
    assert {"PATH", "LANG", *(f"SELFHEAL_{one}" for one in about)} == {*environment} - {"LC_CTYPE"}
    assert about == {one: environment[f"SELFHEAL_{one}"] for one in about}


@pytest.mark.parametrize(
    ("args", "target", "why"),
    [
        (["-rf"], "8d1c", "`-rf` would be an option of `it`, which does not end with `--`"),
        (["ok", "--"], "8d1c", "`--` would be an option"),
        (["a\0b"], "8d1c", "no text a program can be given"),
        (["a"], "8d\0c", "no text a program can be given"),
    ],
)
def test_what_a_program_could_mistake_is_refused(tmp_path: Path, args: list[str], target: str, why: str) -> None:
    """What may come out of a payload becomes no option, unless the site says that its program takes none there."""
    commands = Commands({"it": [_program(tmp_path, "touch $0.was")]})
    outcome = commands.execute(_order(*args, target=target))
    assert ("refused", True, False) == (outcome.status, why in outcome.detail, (tmp_path / "it.was").exists())


def test_a_command_the_site_has_not_named_is_refused() -> None:
    """A path is no name."""
    outcome = Commands({"it": ["/bin/true"]}).execute(asked("command", "8d1c", {"command": "/bin/true"}))
    assert ("refused", "the site has no command `/bin/true`") == (outcome.status, outcome.detail)


def test_a_dry_run_says_the_call(tmp_path: Path) -> None:
    """As a shell would have to be told it, and with the decision that it would read."""
    order = _order("a b", "$$HOME")
    outcome = Commands({"it": [str(tmp_path / "it"), "--now"]}, dry=True).execute(order)
    said = f"{tmp_path}/it --now 'a b' '$HOME' < decision {order.idempotency_key}"
    assert ("dry_run", said) == (outcome.status, outcome.detail)


@pytest.mark.parametrize(("code", "again"), [(1, False), (75, True), (127, False)])
def test_an_exit_code_says_how_it_failed(tmp_path: Path, code: int, *, again: bool) -> None:
    """75 is EX_TEMPFAIL of sysexits.h: for now; any other but 0 is for good."""
    with pytest.raises(ExecutorError, match=f"`it` ended with {code}: no such host$") as told:
        _run(tmp_path, f"echo looking; echo 'no such host' >&2; exit {code}")
    assert again == told.value.retryable


def test_a_program_somebody_ended_has_perhaps_done_it(tmp_path: Path) -> None:
    """Nobody knows how far it came."""
    outcome = _run(tmp_path, "kill -9 $$")
    assert ("unconfirmed", "`it` was ended by signal 9") == (outcome.status, outcome.detail)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("echo first; printf 'last \\033[31m\\tred\\n\\n'", "last  [31m red"),
        ("echo 'login failed, password = s3cret now'", "login failed, password = ***"),
        ("echo 'at https://me:s3cret@host/'", "at https://***@host/"),
        ("echo 'sent X-Auth-Token s3cret'", "sent X-Auth-Token ***"),
        ("echo 'curl -u me:s3cret host'", "curl -u me:***"),
        ("echo 'drain --pass s3cret'", "drain --pass ***"),
        ("echo 'with gAAAAs3cret0123456789abcdef0123'", "with ***"),
        ("echo 'at https://host:8443/ it is done'", "at https://host:8443/ it is done"),
        ("printf '\\377%0500d' 0", "\ufffd" + "0" * 199),
        ("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end", "end"),
        ("true", ""),
    ],
)
def test_of_what_it_says_the_last_line_is_told(tmp_path: Path, text: str, line: str) -> None:
    """Short, printable, and without what looks like a secret, however much there was of it."""
    assert f"`it` ended with 0{f': {line}' if line else ''}" == _run(tmp_path, text).detail


@contextmanager
def _ends(folder: Path) -> Iterator[None]:
    """Hold what a program has begun behind itself, which writes to a pipe, to its end within the block."""
    os.mkfifo(folder / "alive")
    pipe = os.open(folder / "alive", os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield
        said = b""
        while select.select([pipe], [], [], SOON)[0] and (some := os.read(pipe, 99)):
            said += some
        assert (b"begun\n", True) == (said, bool(select.select([pipe], [], [], 0)[0]))
    finally:
        os.close(pipe)


BEGUN = 'cd "$(dirname "$0")"; { echo begun; exec sleep 60; } > alive & '


@pytest.mark.parametrize("kept", ["", "trap '' TERM; "], ids=["ends", "will not"])
def test_one_that_takes_too_long_is_ended_with_all_it_has_begun(tmp_path: Path, kept: str) -> None:
    """Whether it will or not; what became of it nobody knows."""
    with _ends(tmp_path):
        outcome = _run(tmp_path, f"{kept}{BEGUN}echo waiting; wait", timeout=0.1, grace=0.05)
    told = "`it` did not end within 0.1 s, and was ended: waiting"
    assert ("unconfirmed", told) == (outcome.status, outcome.detail)


def test_nothing_outlives_a_program_that_has_ended(tmp_path: Path) -> None:
    """Nobody would watch it, and a second attempt would meet it."""
    with _ends(tmp_path):
        assert "done" == _run(tmp_path, f"{BEGUN}sleep 0.05; echo").status


@pytest.mark.parametrize(
    ("broken", "args", "again"),
    [(lambda file: file.unlink(), [], True), (lambda file: file.chmod(0o600), [], True), (str, ["x" * 200_000], False)],
    ids=["away", "not executable", "too long"],
)
def test_what_cannot_be_begun_has_failed(
    tmp_path: Path, broken: Callable[[Path], object], args: list[str], *, again: bool
) -> None:
    """Nothing was run; a program that is away may be back."""
    commands = Commands({"it": [_program(tmp_path, "true")]})
    broken(tmp_path / "it")
    with pytest.raises(ExecutorError, match="`it` cannot be run: ") as told:
        commands.execute(_order(*args))
    assert again == told.value.retryable


class TestCommands(ExecutorContract):
    """The contract, over a program that writes its key to a file, and says more than it should."""

    action, target, refused, secrets = "command", "8d1c", "8d\0c", ("s3cret",)
    given: ClassVar[Mapping[str, object]] = {"command": "it", "args": ["now"]}

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.done, self.folder = tmp_path / "it.done", tmp_path
        _program(tmp_path, 'echo "$SELFHEAL_KEY" >> "$0.done"; echo "token: s3cret"')

    def executor(self, *, dry: bool) -> Commands:
        """Give it as a process that begins has it."""
        return Commands({"it": [str(self.folder / "it")]}, dry)

    def world(self) -> str:
        """Give what the program was run for."""
        return self.done.read_text("utf-8") if self.done.exists() else ""

    def failing(self) -> AbstractContextManager[None]:
        """Have the program be away."""
        return self._away()

    @contextmanager
    def _away(self) -> Iterator[None]:
        (self.folder / "it").unlink()
        yield

    def waiting(self) -> tuple[Commands, Callable[[], object]]:
        """Give one that waits."""
        ended = Event()
        return Commands({"it": ["/bin/sh", "-c", "exec sleep 60"]}, cancelled=ended), ended.set
