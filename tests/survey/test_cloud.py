"""Descriptions of clouds: every mistake at its line, and what is not said is not known."""

import pytest

from selfheal_rules.check.cloud import check_cloud
from selfheal_rules.cloud import Cloud, numbers
from selfheal_rules.diagnostics import Report
from selfheal_rules.parse import load_vocabulary
from selfheal_rules.parse.cloud import parse_cloud
from selfheal_rules.source import Source
from selfheal_rules.survey.shipped import healers
from selfheal_rules.vocabulary import Feed
from tests.chunks import Chunk, places, read_chunks

OPENSTACK = load_vocabulary("openstack")


def _report(source: Source) -> Report:
    cloud, report = parse_cloud(source)
    return report + (check_cloud(cloud, OPENSTACK, healers()) if cloud else Report(()))


@pytest.mark.parametrize("chunk", read_chunks("cloud"), ids=str)
def test_each_mistake_is_found_at_its_line(chunk: Chunk) -> None:
    """What a description says wrong, and nothing else, is found."""
    assert chunk.expected == places(_report(chunk.source))


def test_another_version_is_not_read() -> None:
    """A file of a later version is refused as such."""
    cloud, report = parse_cloud(Source("cloud.yaml", "selfheal_cloud: 2\ncloud: region-one\n"))
    assert (None, [(1, "SH100")]) == (cloud, places(report))
    assert [(1, "SH101")] == places(parse_cloud(Source("cloud.yaml", "selfheal_cloud: 1\n"))[1])
    assert (None, [(1, "SH020")]) == (parse_cloud(Source("c", "[]"))[0], places(parse_cloud(Source("c", "[]"))[1]))


def test_a_description_is_kept_as_it_is_written() -> None:
    """All lists come in their order, and what is left out is None."""
    cloud, _ = parse_cloud(read_chunks("cloud")[0].source)
    assert cloud is not None
    assert ("region-one", "2.96", "") == (cloud.name, cloud.version("compute"), cloud.version("image"))
    assert ("nova", "nova.state_changes", "masakari") == cloud.notifications
    assert (("HostDown", "a b"), ("admin",)) == (cloud.alerts, cloud.roles)
    bare, _ = parse_cloud(read_chunks("cloud")[1].source)
    assert Cloud("region-one") == bare


BUS, POST, POLL, SELF = (Feed(by, by, "compute") for by in ("bus", "post", "poll", "serve"))


@pytest.mark.parametrize(
    ("cloud", "feed", "expected"),
    [
        (Cloud("c"), BUS, None),
        (Cloud("c", notifications=("bus",)), BUS, True),
        (Cloud("c", notifications=()), BUS, False),
        (Cloud("c", notifications=()), POST, None),
        (Cloud("c", webhooks=("post",)), POST, True),
        (Cloud("c", pollers=("other",)), POLL, False),
        (Cloud("c", pollers=("other",)), SELF, True),
        (Cloud("c", pollers=()), SELF, False),
    ],
)
def test_a_source_is_on_where_it_is_named(cloud: Cloud, feed: Feed, expected: bool | None) -> None:  # noqa: FBT001 - what is to come out
    """Where the description does not speak of such sources nobody knows."""
    assert expected is cloud.has_on(feed)


def test_a_source_without_its_service_gives_nothing() -> None:
    """What a catalogue does not have sends and answers nothing, whatever else is said."""
    services, _ = parse_cloud(Source("c.yaml", 'selfheal_cloud: 1\ncloud: c\nservices: {network: "2"}\n'))
    assert services is not None
    assert services.has_on(BUS) is False
    assert services.has_on(Feed("alertmanager", "post")) is None


def test_versions_are_compared_as_numbers() -> None:
    """2.100 is more than 2.96; a whole version has all that is below the next; what is not known is not older."""
    assert numbers("2.100") > numbers("2.96") > numbers("2")
    cloud, _ = parse_cloud(Source("c.yaml", 'selfheal_cloud: 1\ncloud: c\nservices: {compute: "2.72", image: ""}\n'))
    assert cloud is not None
    assert [False, False, True] == [cloud.is_older("compute", one) for one in ("2.9", "2.72", "2.73")]
    assert not cloud.is_older("image", "2.9")
    assert not cloud.is_older("network", "2.9")
