"""The cloud the tests act on; where none runs, they are skipped."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

pytest.importorskip("openstack", reason="openstacksdk is not installed (extra `openstack`)")

from tests.cloud.hook import Hook, listening
from tests.cloud.rig import Cloud, Server, login

_NUMBERS = count()


_DEPRECATED = ("ignore::openstack.warnings._RemovedInSDKWarning",)
"""What openstacksdk warns itself of, whoever connects."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let openstacksdk warn itself."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            for ignored in _DEPRECATED:
                item.add_marker(pytest.mark.filterwarnings(ignored))


@pytest.fixture(scope="session")
def cloud() -> Cloud:
    """Give the cloud `SELFHEAL_CLOUD` names, as its administrator."""
    home = os.environ.get("SELFHEAL_CLOUD")
    if not home:
        pytest.skip("no cloud: SELFHEAL_CLOUD names none (tests/cloud/README.md)")
    return Cloud(login(), home)


@pytest.fixture
def server(cloud: Cloud) -> Iterator[Server]:
    """Give a server of its own to a test, on a host that is up; it is deleted afterwards."""
    made = cloud.boot(f"selfheal-{os.getpid()}-{next(_NUMBERS)}")
    yield made
    cloud.delete(made.id)


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Take what the Alertmanager and Aodh send."""
    with listening() as made:
        yield made
