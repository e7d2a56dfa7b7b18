"""What a real monitoring says of members of real clusters that die, or no longer see each other."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.cloud.hook import Hook
from tests.monitored.clusters import MEMBERS, Galeras, Rabbits, lacking_clusters
from tests.monitored.site import Site, Target, lacking, watched

pytestmark = pytest.mark.skipif(
    lacking_clusters(),
    reason="Debian's packages rabbitmq-server, mariadb-server, prometheus-mysqld-exporter are not installed",
)


def test_cluster_member(site: Site, hook: Hook) -> None:
    """A member of each cluster is killed, and comes back; RabbitMQ blocks; links are cut; Galera loses its quorum."""
    rabbits, galeras = Rabbits(site), Galeras(site)
    tape = watched(site, "cluster-member", list(_targets(site, rabbits, galeras)), hook)
    site.kill("rabbit-control2")
    tape.posted("RabbitMQDown")
    assert [("shadowed", "workflow.start", "control2")] == tape.decided("cluster-member", timedelta(minutes=10))
    rabbits.start("control2")
    tape.posted('"resolved"')
    site.kill("galera-control3")
    tape.posted("MySQLDown")
    galeras.start("control3")
    tape.posted("MySQLGaleraDonor")
    site.wait(lambda: not site.asked("ALERTS"), "all is well")
    rabbits.told("control1", "set_vm_memory_high_watermark", "absolute", "1MB")
    tape.posted("RabbitMQBlocked")
    rabbits.told("control1", "set_vm_memory_high_watermark", "0.4")
    for one, others in {"control1": MEMBERS[1:], "control2": MEMBERS[2:]}.items():
        rabbits.cut(one, *others)
    site.wait(lambda: not site.asked("erlang_vm_dist_node_state == 3"), "nobody sees anybody")
    tape.posted("RabbitMQPartition")
    for name in MEMBERS[1:]:
        site.kill(f"galera-{name}")
    tape.posted("MySQLGaleraNotReady")
    assert site.asked('mysql_up{host="control1"} == 1'), "a member without a quorum runs"
    expected = {("shadowed", "page", "rabbitmq"), ("shadowed", "page", "galera")}
    tape.decides(expected, "cluster-member", timedelta(minutes=10))
    tape.kept("cluster-member")


@pytest.mark.skipif(bool(lacking("prometheus-blackbox-exporter")), reason="Debian's package of that name is missing")
def test_a_member_that_has_paused_is_not_restarted(site: Site, hook: Hook) -> None:
    """It sees nobody, and waits; that its port for other members is open tells it from one that was killed."""
    rabbits, through = Rabbits(site, "pause_minority"), site.blackbox()
    labels = {name: {"host": name, "cluster": "rabbitmq"} for name in MEMBERS}
    targets = [Target("rabbitmq", rabbits.ports[name], labels[name]) for name in MEMBERS]
    targets += [Target("rabbitmq_distribution", rabbits.reach[name], labels[name], through) for name in MEMBERS]
    tape = watched(site, "cluster-member", targets, hook)
    rabbits.cut("control3", *MEMBERS[:2])
    tape.posted("RabbitMQPaused")
    assert ["control3"] == [row["metric"]["host"] for row in site.asked('up{job="rabbitmq"} == 0')]
    assert [("shadowed", "page", "rabbitmq")] == tape.decided("cluster-member", timedelta(minutes=10))


def _targets(site: Site, rabbits: Rabbits, galeras: Galeras) -> Iterator[Target]:
    for name in MEMBERS:
        yield Target("node", site.node(name), {"host": name})
        yield Target("rabbitmq", rabbits.ports[name], {"host": name, "cluster": "rabbitmq"})
        yield Target("mysqld", galeras.exporters[name], {"host": name, "cluster": "galera"})
