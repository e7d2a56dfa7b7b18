"""The command as a user calls it: in this process, or in one of its own."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from attrs import frozen

from selfheal_rules.cli import main

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "data" / "cli"
RULES = "rulesets/compute-host-failure"
STREAM = "examples/events/compute-host-failure.jsonl"


@frozen
class Called:
    """How a call ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Give standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


Call: TypeAlias = Callable[..., Called]


def caller(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Give a function that calls the command from the root of the repository; a `text` of None closes its input."""
    monkeypatch.chdir(ROOT)

    def call(*arguments: str | Path, text: bytes | None = b"") -> Called:
        monkeypatch.setattr(sys, "stdin", None if text is None else io.TextIOWrapper(io.BytesIO(text)))
        code = main([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return Called(code, written.out, written.err)

    return call


def process(*arguments: str | Path, **options: Any) -> "subprocess.Popen[bytes]":  # noqa: ANN401 - Popen's own
    """Start the command as a process, from the root of the repository."""
    command = [sys.executable, "-m", "selfheal_rules", *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, **options)


def cloudevent(kind: str, ident: str, time: str, **data: Any) -> bytes:  # noqa: ANN401 - a JSON value
    """Write a CloudEvent on a line."""
    head = {"specversion": "1.0", "type": kind, "source": "test", "id": ident, "time": time}
    return json.dumps(head | {"data": data}).encode() + b"\n"


def alarm(host: str, time: str) -> bytes:
    """Write a critical alarm about a host on a line."""
    fields = {"name": "HostDown", "status": "problem", "severity": "critical", "resource_type": "host"}
    return cloudevent("alarm", host, time, alarm=host, resource=host, host=host, **fields)
