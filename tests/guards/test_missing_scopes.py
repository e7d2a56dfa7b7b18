"""A guard that cannot tell what it goes by holds, or lets pass, beside settings of the same guard that can."""

import pytest

from tests.guards.rig import DRAIN, FREE, LOST, Site, rule

ONCE = f"{FREE}topology: [{{state: host, within: [az]}}]\nguards: [{{limit: 1, per: 5m, by: [az]}}]\n"


def test_the_settings_of_a_guard_are_asked_one_by_one() -> None:
    """Where the event names no zone, a limit of the rule by zone holds; failing open, the site's still counts."""
    limit = "{limit: 9, per: 1h, by: [$e.az]%s}"
    closed, opened = (Site(rule(LOST, DRAIN, limit % how), ONCE) for how in ("", ", fails: open"))
    for site in (closed, opened):
        for host in ("h1", "h2"):
            site.state("host", 0, host, az="a", status="up")
    assert ["disable_service h1 held:limit@1"] == closed.event("lost", 1, "h1")
    assert ["disable_service h1 allowed@1"] == opened.event("lost", 1, "h1")
    assert ["disable_service h2 held:limit@2"] == opened.event("lost", 2, "h2")


@pytest.mark.parametrize("guard", ["lock", "maintenance"])
def test_what_is_to_be_left_alone_besides_may_not_be_missing(guard: str) -> None:
    """Where the event names no zone, one that is to be locked, or not worked on, holds; failing open, it does not."""
    closed, opened = (Site(rule(LOST, DRAIN, f"{{{guard}: [$e.az]{how}}}")) for how in ("", ", fails: open"))
    assert [f"disable_service h1 held:{guard}@0"] == closed.event("lost", 0)
    assert ["disable_service h1 allowed@0"] == opened.event("lost", 0)
