"""A monitoring for each test; where it is not asked for, or cannot be had, tests are skipped."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

pytest.importorskip("openstack", reason="openstacksdk is not installed (extra `openstack`)")

from tests.cloud.hook import Hook, listening
from tests.monitored.site import PORT, Site, lacking

NEEDED = ("prometheus", "prometheus-alertmanager", "prometheus-node-exporter")


@pytest.fixture(autouse=True)
def _asked() -> None:
    """Skip where nobody asks for it."""
    if not os.environ.get("SELFHEAL_MONITORED"):
        pytest.skip("SELFHEAL_MONITORED does not ask for it (tests/monitored/README.md)")
    if lacking(*NEEDED):
        pytest.skip(f"Debian's packages {', '.join(NEEDED)} are not installed")


@pytest.fixture
def site() -> Iterator[Site]:
    """Give a site of which nothing runs afterwards; MariaDB has a user of its own, who finds its folder."""
    with TemporaryDirectory(prefix="monitored-") as folder:
        Path(folder).chmod(0o755)
        made = Site(Path(folder))
        try:
            yield made
        finally:
            made.end()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Take what the Alertmanager sends."""
    with listening(PORT) as made:
        yield made
