"""A zone is lost, then the monitoring: decisions stay within limits, and every host that waits knows why."""

from benchmarks.storm import OVERALL, simulate


def test_a_storm_is_weathered() -> None:
    """
    A lost zone is acted on up to the storm's edge, and lost monitoring up to the limit over all.

    People are told of the hosts of the zone, which are held for more than an hour. The whole of it, 20,000 hosts in
    40 zones, is a step of CI: `python -m benchmarks.storm`.
    """
    tale = simulate(hosts=400, zones=8)
    assert 5 == tale.singles
    assert tale.zone <= 2
    assert tale.blind <= OVERALL
    assert 5 + tale.zone + tale.blind == tale.after["mode"]
    assert 400 // 8 - 2 == tale.after["storm"] == tale.told
    assert 400 == tale.after.total()
