"""Any JSON value, with the words of known payloads among its texts and names."""

from hypothesis import strategies as st

WORDS = st.sampled_from(
    [
        "event_type", "payload", "publisher_id", "timestamp", "message_id", "nova_object.data", "masakari_object.data",
        "ironic_object.data", "alerts", "receiver", "groupKey", "version", "alarm_id", "current", "previous", "detail",
        "event_id", "type", "notification", "generated_time", "specversion", "source", "id", "oslo.message", "4", "1.0",
        "instance.update", "compute.instance.create.error", "baremetal.node.power_set.end", "alarm.update", "host.lost",
        "notification.process.end", "host.update.end", "2026-11-22 16:10:05", "0001-01-01T00:00:00+14:00",
        "service.update",
    ]
)  # fmt: skip
TEXTS = WORDS | st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=6),
    max_leaves=12,
)
