"""
Running programs of the site's (`command`), each by the name under which the site keeps it and its first arguments.

No shell has a part in it: each argument comes to the program as one, whatever stands in it. Standard input is the
decision, as the line of `Recording` has it. Of the environment of the process nothing goes along, for passwords are in
it. Nothing of a program outlives it: whatever it has begun in its process group is ended with it.
"""

import errno
import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from threading import Event, Thread
from typing import IO

from attrs import define, field, frozen

from selfheal_rules.decide.decision import Outcome, OutcomeStatus
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.executor import Clock, time_of_day
from selfheal_rules.execute.order import Order
from selfheal_rules.secrecy import concealed

_GIVEN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
_AGAIN = os.EX_TEMPFAIL
_KEPT = 4096
_LONGEST = 200
_LOOK = 0.01
_PATIENCE = 1.0
_HALF = re.compile("[\ud800-\udfff]")


@frozen
class Commands:
    """
    Carries out `command` by the programs of a site; a rule can name one of them, and bring none.

    An argument of a rule that begins with `-` may come out of a payload, and would be an option: it is refused, unless
    the site's own arguments end with `--`, by which it says that the program takes all behind it for values. It is not
    put there for the site, since programs that do not know it take it for a value.

    `timeout` and `grace` are seconds: how long a program may run, and how long it has from SIGTERM to SIGKILL;
    `cancelled` ends it at once.
    """

    commands: Mapping[str, Sequence[str]]
    dry: bool = False
    clock: Clock = time_of_day
    timeout: float = 300.0
    grace: float = 5.0
    cancelled: Event = field(factory=Event)

    actions = ("command",)
    idempotent = False

    def execute(self, decision: Order) -> Outcome:
        """
        Run the program to its end; a dry run says what it would run.

        Raises:
            ExecutorError: where it cannot be run, or says by its exit code that it failed (75: for now).
        """
        name, args = str(decision.params["command"]), decision.params.get("args") or ()
        if against := self._against(name, args, decision):
            return self._outcome(decision, "refused", against)
        argv = [*self.commands[name], *args]
        if self.dry:
            return self._outcome(decision, "dry_run", f"{shlex.join(argv)} < decision {decision.idempotency_key}")
        with _begun(name, argv, decision) as process:
            last = _Last.of(process)
            is_over = _is_over(process, self.timeout, self.cancelled)
            if not is_over:
                _signalled(process, signal.SIGTERM)
                _is_over(process, self.grace, Event())
        return self._told(decision, name, process.returncode if is_over else None, last.line())

    def _against(self, name: str, args: Sequence[object], decision: Order) -> str:
        """Say why it is not run, if anything speaks against it."""
        if name not in self.commands:
            return f"the site has no command `{name}`"
        if not all(_can_be_given(one) for one in (*args, _about(decision)["SELFHEAL_TARGET"])):
            return "an argument, or the target, is no text a program can be given"
        option = option_among(args, self.commands[name])
        return f"`{option[:_LONGEST]}` would be an option of `{name}`, which does not end with `--`" if option else ""

    def _told(self, decision: Order, name: str, code: int | None, last: str) -> Outcome:
        """Say how it ended: by itself, or ended by somebody; then nobody knows what it has done."""
        said = f": {last}" if last else ""
        if code is None:
            why = "was cancelled" if self.cancelled.is_set() else f"did not end within {self.timeout:g} s"
            return self._outcome(decision, "unconfirmed", f"`{name}` {why}, and was ended{said}")
        if code < 0:
            return self._outcome(decision, "unconfirmed", f"`{name}` was ended by signal {-code}{said}")
        if code:
            message = f"`{name}` ended with {code}{said}"
            raise ExecutorError(message, retryable=code == _AGAIN)
        return self._outcome(decision, "done", f"`{name}` ended with 0{said}")

    def _outcome(self, decision: Order, status: OutcomeStatus, detail: str) -> Outcome:
        return Outcome.of(decision, status, self.clock(), detail)


def option_among(args: Iterable[object], command: Sequence[str]) -> str:
    """Give the first of some arguments that would be an option of a command of the site's, or nothing."""
    return next((str(one) for one in args if str(one).startswith("-") and command[-1] != "--"), "")


def _can_be_given(argument: object) -> bool:
    """Whether the system takes it for an argument: a text, with no NUL and no half of a character in it."""
    return isinstance(argument, str) and "\0" not in argument and not _HALF.search(argument)


def _about(decision: Order) -> dict[str, str]:
    """Give what a program finds in its environment, beside where programs are."""
    return {
        "SELFHEAL_KEY": decision.idempotency_key,
        "SELFHEAL_TOKEN": str(decision.token),
        "SELFHEAL_DECISION": decision.id,
        "SELFHEAL_RULE": decision.rule,
        "SELFHEAL_TARGET": "" if decision.target is None else str(decision.target),
    }


@contextmanager
def _begun(name: str, argv: Sequence[str], decision: Order) -> "Iterator[subprocess.Popen[bytes]]":
    """
    Begin a program in a session of its own, at the root of the file system, and end what is left of it.

    Its input is the decision, in a file without a name: nobody waits for a program that does not read it.

    Raises:
        ExecutorError: where the system does not begin it; nothing was run then.
    """
    with TemporaryFile() as said:
        said.write(f"{json.dumps(decision.written())}\n".encode())
        said.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - the program is the site's, and there is no shell
                argv, bufsize=0, stdin=said, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                cwd="/", env=_GIVEN | _about(decision), start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            message = f"`{name}` cannot be run: {(error.strerror or type(error).__name__).lower()}"
            raise ExecutorError(message, retryable=error.errno != errno.E2BIG) from None
        try:
            yield process
        finally:
            _signalled(process, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):  # a disk that hangs keeps even what is killed
                process.wait(_PATIENCE)


def _is_over(process: "subprocess.Popen[bytes]", seconds: float, cancelled: Event) -> bool:
    """Wait for the end of a program, and leave its number taken: nobody else has it while its group is ended."""
    end = time.monotonic() + seconds
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() >= end or cancelled.wait(_LOOK):
            return False
    return True


def _signalled(process: "subprocess.Popen[bytes]", sign: signal.Signals) -> None:
    """Send a signal to all that is left of the group of a program, whose number nobody else has yet."""
    with suppress(ProcessLookupError, PermissionError):  # some systems say so of what has ended
        os.killpg(process.pid, sign)


@define
class _Last:
    """The end of what a program says; the rest is read, and let go."""

    kept: bytes = b""
    reader: Thread = field(init=False)

    @classmethod
    def of(cls, process: "subprocess.Popen[bytes]") -> "_Last":
        """Read what a program says, beside whoever waits for it."""
        found = cls()
        found.reader = Thread(target=found.read, args=(process.stdout,), daemon=True)
        found.reader.start()
        return found

    def read(self, said: IO[bytes]) -> None:
        """Read to the end."""
        with said:
            while some := said.read(_KEPT):
                self.kept = (self.kept + some)[-_KEPT:]

    def line(self) -> str:
        """Give its last line, short, of one line whatever is in it, and without what looks like a secret."""
        self.reader.join(_PATIENCE)  # a program that left its group may hold the pipe
        lines = self.kept.decode("utf-8", "replace").split("\n")
        last = next((one.strip() for one in reversed(lines) if one.strip()), "")
        plain = "".join(one if one.isprintable() else " " for one in last)
        return concealed(plain)[:_LONGEST]
