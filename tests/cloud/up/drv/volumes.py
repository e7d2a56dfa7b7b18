"""
A volume driver for tests: volumes are rows of Cinder's database and nothing else, and the back end has a copy.

All that is Cinder's own (its API, scheduler, manager and states) is real; only what a driver would tell a disk array is
left out. Where there is a file `unreachable` in its state path, the array does not answer.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cinder.volume import driver
from oslo_config import cfg

COPY = "copy"
"""The one back end to fail over to; `default` goes back, as everywhere in Cinder."""


class Volumes(driver.VolumeDriver):
    """A back end of nothing, and with no end."""

    VERSION = "1"

    def do_setup(self, context: object) -> None:
        """Have nothing to set up."""

    def check_for_setup_error(self) -> None:
        """Find nothing wrong."""

    def get_volume_stats(self, refresh: bool = False) -> dict[str, Any]:  # noqa: ARG002, FBT001, FBT002 - Cinder's own
        """Say that there is room, and a copy, and whether the array answers."""
        room = {"total_capacity_gb": "infinite", "free_capacity_gb": "infinite", "reserved_percentage": 0}
        seen = "down" if Path(cfg.CONF.state_path, "unreachable").exists() else "up"
        pool = {"pool_name": "all", **room, "backend_state": seen}
        maker = {"vendor_name": "tests", "driver_version": "1", "storage_protocol": "none"}
        return {
            "volume_backend_name": "fake",
            **maker,
            "replication_enabled": True,
            "replication_targets": [COPY],
            "pools": [pool],
        }

    def create_volume(self, volume: Any) -> dict[str, Any]:  # noqa: ANN401, ARG002 - Cinder's own
        """Have it at once, with a copy."""
        return {"replication_status": "enabled"}

    def delete_volume(self, volume: object) -> None:
        """Have it no more."""

    def ensure_export(self, context: object, volume: object) -> None:
        """Have nothing to export."""

    def create_export(self, context: object, volume: object, connector: object) -> None:
        """Have nothing to export."""

    def remove_export(self, context: object, volume: object) -> None:
        """Have nothing to take back."""

    def initialize_connection(self, volume: object, connector: object) -> dict[str, Any]:  # noqa: ARG002 - Cinder's
        """Give a connection of the kind that Nova's fake driver takes."""
        return {"driver_volume_type": "fake", "data": {"access_mode": "rw"}}

    def terminate_connection(self, volume: object, connector: object, **_: object) -> None:
        """Have nothing to cut."""

    def failover_host(
        self,
        context: object,  # noqa: ARG002 - Cinder's own
        volumes: Iterable[Any],
        secondary_id: str | None = None,
        groups: object = None,  # noqa: ARG002 - Cinder's own
    ) -> tuple[str, list[dict[str, Any]], list[Any]]:
        """Go over to the copy, or back."""
        back = secondary_id == "default"
        if secondary_id not in {None, COPY, "default"}:
            from cinder import exception  # noqa: PLC0415 - only where it is raised

            raise exception.InvalidReplicationTarget(reason=f"there is no {secondary_id}")
        status = "enabled" if back else "failed-over"
        moved = [{"volume_id": one.id, "updates": {"replication_status": status}} for one in volumes]
        return ("default" if back else COPY), moved, []
