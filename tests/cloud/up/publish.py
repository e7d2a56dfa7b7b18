"""`publish.py HOST PROJECT`: say on the bus, as Ceilometer does, that a server of a project is in error on a host."""

import sys
import uuid
from datetime import UTC, datetime

import oslo_messaging
from oslo_config import cfg
from oslo_messaging._metrics import client as metrics

_TEXT = 1
"""Ceilometer's number for a text."""


def main() -> None:
    """Publish one event on the topic Aodh listens to."""
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[])
    conf.register_opts(metrics.oslo_messaging_metrics, group="oslo_messaging_metrics")
    transport = oslo_messaging.get_notification_transport(
        conf, url="rabbit://guest:guest@127.0.0.1:17672/?amqp_durable_queues=true"
    )
    notifier = oslo_messaging.Notifier(
        transport, driver="messagingv2", publisher_id="ceilometer.sample", topics=["alarm.all"]
    )
    host, project = sys.argv[1:]
    traits = {"state": "error", "instance_id": str(uuid.uuid4()), "host": host, "project_id": project}
    event = {
        "message_id": str(uuid.uuid4()),
        "event_type": "compute.instance.update",
        "generated": datetime.now(UTC).replace(tzinfo=None).isoformat(),
        "traits": [[name, _TEXT, value] for name, value in traits.items()],
        "message_signature": "",
        "raw": {},
    }
    notifier.sample({}, "event", [event])


main()
