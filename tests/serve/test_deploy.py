"""The files others run it with: what they name is there, and they are what those who read them take."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.serve.rig import ROOT

UNIT = ROOT / "examples" / "selfheal.service"
IMAGE = ROOT / "examples" / "Containerfile"
SELFHEAL = Path(sys.executable).with_name("selfheal")
WIDEST = 20
"""Tenths of the points `systemd-analyze security` gives: up to 20 of 100 it calls a unit fine."""


def _unit(folder: Path) -> Path:
    """Give the unit with the command where it is on this machine."""
    file = folder / UNIT.name
    file.write_text(UNIT.read_text("utf-8").replace("/usr/bin/selfheal", str(SELFHEAL)), "utf-8")
    return file


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """Its own check finds nothing, and its own measure calls the unit well kept in."""
    file = _unit(tmp_path)
    checked = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False)
    assert (0, "") == (checked.returncode, checked.stderr)
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={WIDEST}", "--no-pager", str(file)]
    measured = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 == measured.returncode, measured.stdout[-300:]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_a_unit_with_a_mistake_is_not_taken(tmp_path: Path) -> None:
    """The check can fail."""
    file = _unit(tmp_path)
    file.write_text(file.read_text("utf-8").replace("TimeoutStopSec=15min", "TimeoutStopSec=soon"), "utf-8")
    checked = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False)
    assert "soon" in checked.stderr


def test_what_the_unit_starts_can_be_called(tmp_path: Path) -> None:
    """Its commands are those of the command line, on a configuration that lies where the unit says."""
    (tmp_path / "serve.yaml").write_text((ROOT / "examples" / "serve.yaml").read_text("utf-8"), "utf-8")
    for line in UNIT.read_text("utf-8").splitlines():
        name, _, said = line.partition("=")
        if name in {"ExecStart", "ExecStartPre"}:
            assert 2 != _called(shlex.split(said)[1:], tmp_path)


def _called(arguments: list[str], folder: Path) -> int:
    """Give the exit code of a call that only checks; 2 is a wrong call."""
    config = str(folder / "serve.yaml")
    found = [config if one.endswith("serve.yaml") else one for one in arguments]
    command = [sys.executable, "-m", "selfheal_rules", *found, "--check"]
    return subprocess.run(command, capture_output=True, check=False, cwd=ROOT).returncode


def _instructions() -> dict[str, str]:
    text = re.sub(r"\\\n", " ", IMAGE.read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split(" ", 1) for line in lines)


def test_what_the_container_installs_and_starts_is_there(tmp_path: Path) -> None:
    """The extras are the project's, its Python is one the project names, and what it starts can be called."""
    said = _instructions()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    text = IMAGE.read_text("utf-8")
    (extras,) = re.findall(r'"/src\[([^]]+)\]"', text)
    assert {*extras.split(",")} <= project["optional-dependencies"].keys()
    (version,) = re.findall(r"python:([\d.]+)", text)
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]
    (tmp_path / "serve.yaml").write_text((ROOT / "examples" / "serve.yaml").read_text("utf-8"), "utf-8")
    assert all((ROOT / name).exists() for name in re.findall(r"^COPY (\S.*) /src", text, re.MULTILINE)[0].split())
    assert ["selfheal"] == json.loads(said["ENTRYPOINT"])
    assert 2 != _called(json.loads(said["CMD"]), tmp_path)


def test_the_container_runs_as_nobody_that_may_anything() -> None:
    """By a number, and not that of root: an orchestrator refuses what it cannot see to be none."""
    user, _, group = _instructions()["USER"].partition(":")
    assert user.isdigit()
    assert group.isdigit()
    assert int(user) > 0


class _Ready(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_of_the_container_tells_well_from_unwell(status: int, code: int) -> None:
    """The very command, against a server that is ready and one that is not."""
    _, _, found = _instructions()["HEALTHCHECK"].partition("CMD ")
    handler = type("Ready", (_Ready,), {"status": status})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        program = json.loads(found)[2].replace("8642", str(server.server_port))
        assert code == subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode
