"""A backup of a real Freezer, written back by its agent (`extras.sh freezer`)."""

from pathlib import Path
from uuid import uuid4

import pytest

from selfheal_rules.diagnostics import ExecutorError
from tests.cloud.rig import Cloud, decision, executed

AGENT = "agent1"


@pytest.fixture(autouse=True)
def api(cloud: Cloud) -> None:
    """Need Freezer; the document of its versions breaks off, whoever asks for it."""
    cloud.needed("backup", f"/v2/{cloud.connection.current_project_id}/jobs")


@pytest.fixture
def backup(cloud: Cloud) -> str:
    """Save a file; gives the name of the backup."""
    name = f"b-{uuid4().hex[:8]}"
    cloud.script(
        "mkdir -p $R/freezer/from && echo precious > $R/freezer/from/file"
        " && env $OSENV freezer-agent --action backup --mode fs"
        f" --storage local --container $R/freezer/store --path-to-backup $R/freezer/from --backup-name {name}"
        " --log-file $R/freezer/agent.log >/dev/null"
    )
    return name


def test_a_backup_is_written_back(cloud: Cloud, backup: str, tmp_path: Path) -> None:
    """The file is there again; the same decision makes no second job."""
    store = f"{cloud.home}/run/freezer/store"
    asked = decision("backup.restore", AGENT, backup_name=backup, container=store, storage="local", path=str(tmp_path))
    done = executed(cloud, asked)
    assert "done" == done.status, done.detail
    assert "precious\n" == (tmp_path / "file").read_text()
    (tmp_path / "file").unlink()
    assert done.detail == executed(cloud, asked).detail
    assert not (tmp_path / "file").exists()


def test_what_the_agent_cannot_do_has_failed(cloud: Cloud, tmp_path: Path) -> None:
    """There is no such store; the agent tries twice, and says so."""
    asked = decision("backup.restore", AGENT, backup_name="none", container="/no", storage="local", path=str(tmp_path))
    with pytest.raises(ExecutorError, match="the agent says: fail") as raised:
        executed(cloud, asked)
    assert not raised.value.retryable
