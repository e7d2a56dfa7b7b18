"""What was saved, written back (Freezer)."""

from collections.abc import Iterator
from datetime import timedelta

from selfheal_rules.execute.openstack.api import Found
from selfheal_rules.execute.openstack.work import Work

_PAGE = 100
_RETRIES = 1
_BETWEEN = 6
"""What Freezer wants to be told of every action: how often it is tried again, and after how many seconds."""


def restore(work: Work) -> str:
    """
    Have an agent write a backup back; our mark in the job's description keeps a second call from a second job.

    Freezer leaves the work to an agent that looks for it once a minute, so the job is done when the agent has said so.
    """
    jobs = f"/v2/{work.project}/jobs"
    known = [one for one in _jobs(work, jobs) if (one["client_id"], one["description"]) == (work.target, work.mark)]
    ident = str(known[0]["job_id"] if known else work.send("backup", "POST", jobs, _job(work)).get("job_id", ""))
    if not work.dry:
        work.until(lambda: _has_ended(work, f"{jobs}/{ident}"), "the restore", timedelta(hours=1))
    return f"restored by job {ident}"


def _job(work: Work) -> dict[str, object]:
    action = {
        "action": "restore",
        "mode": "fs",
        "backup_name": work.param("backup_name"),
        "container": work.param("container"),
        "storage": work.param("storage", "swift"),
        "restore_abs_path": work.param("path"),
    }
    tried = {"freezer_action": action, "max_retries": _RETRIES, "max_retries_interval": _BETWEEN}
    return {
        "client_id": work.target,
        "description": work.mark,
        "job_schedule": {"event": "start"},
        "job_actions": [tried],
    }


def _jobs(work: Work, path: str) -> Iterator[Found]:
    """Read all jobs; Freezer counts them off, and gives ten where nothing else is asked for."""
    read, page = 0, work.get("backup", f"{path}?limit={_PAGE}&offset=0")["jobs"]
    while page:
        yield from page
        read += len(page)
        page = work.get("backup", f"{path}?limit={_PAGE}&offset={read}")["jobs"]


def _has_ended(work: Work, path: str) -> bool:
    schedule = work.get("backup", path)["job_schedule"]
    result = schedule.get("result")
    if result in {"fail", "aborted"}:
        work.fail(f"the agent says: {result}")
    return bool(result == "success")
