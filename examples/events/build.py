"""
Build `compute-host-failure.jsonl` out of captured payloads: `python examples/events/build.py`.

Every line names the payload it is made of and what was changed in it; README.md beside this file says why.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CAPTURED = HERE.parents[1] / "tests" / "data" / "captured"
STREAM = HERE / "compute-host-failure.jsonl"

Payload = dict[str, Any]
Line = tuple[str, Any]
"""When it came (only the order depends on it), and what the line holds."""


def captured(name: str) -> Any:  # noqa: ANN401 - any JSON value
    """Give a captured payload as its tap or hook recorded it."""
    return json.loads((CAPTURED / f"{name}.json").read_text(encoding="utf-8"))


def sent(name: str, at: str | None = None, /, **changed: Any) -> Line:  # noqa: ANN401 - JSON values
    """Give a notification in its envelope; `at` moves it, the rest replaces fields of its payload."""
    message = captured(name)["envelope"]["oslo.message"]
    message["timestamp"] = at or message["timestamp"]
    inner = message["payload"]
    data = next((inner[key] for key in inner if key.endswith("_object.data")), inner)
    data.update(changed)
    return message["timestamp"], {"oslo.version": "2.0", "oslo.message": json.dumps(message)}


def alerts(name: str, came: str, begun: int, ended: int = 0, **labels: str) -> Line:
    """Give a body of Alertmanager's, its alert begun and ended so many minutes earlier than it was captured."""
    body = captured(name)["body"]
    (alert,) = body["alerts"]
    alert["startsAt"], alert["endsAt"] = _earlier(alert["startsAt"], begun), _earlier(alert["endsAt"], ended)
    if labels:
        for said in (alert["labels"], body["groupLabels"], body["commonLabels"]):
            said.update({key: value for key, value in labels.items() if key in said})
        alert["fingerprint"] = labels["fingerprint"]
        body["groupKey"] = body["groupKey"].replace("compute1", labels["host"])
        alert["annotations"]["summary"] = body["commonAnnotations"]["summary"] = f"{labels['instance']} down"
    return came, body


def _earlier(text: str, minutes: int) -> str:
    if text.startswith("0001"):
        return text
    whole, point, rest = text.partition(".")
    moved = datetime.fromisoformat(whole).replace(tzinfo=UTC) - timedelta(minutes=minutes)
    return moved.strftime("%Y-%m-%dT%H:%M:%S") + point + rest


def report(host: str, generated: str) -> Line:
    """Give the body a host monitor posts, with the payload of the captured report."""
    payload = captured("masakari/api.masakari.COMPUTE_HOST.finished")["notification"]["payload"]
    body = {"type": "COMPUTE_HOST", "hostname": host, "generated_time": generated, "payload": payload}
    return generated.replace("T", " "), {"notification": body}


def aodh(name: str, came: str, generated: str) -> Line:
    """Give a body of Aodh's webhook, which has no time, with when it was received."""
    body = captured(name)["body"]
    body["reason_data"]["event"]["generated"] = generated
    return came, {"received": came.replace(" ", "T") + "Z", "payload": body}


def ironic(name: str, at: str, **changed: Any) -> Line:  # noqa: ANN401 - JSON values
    """Give a notification about the bare metal node of compute3."""
    return sent(f"ironic/versioned.baremetal.node.{name}", at, name="compute3", **changed)


def calendar(came: str) -> Line:
    """Give what the operators' calendar says: compute2 is being worked on."""
    data = {"host": "compute2", "reason": "memory is replaced", "until": "2026-11-22T18:00:00Z"}
    head = {"specversion": "1.0", "type": "host.maintenance", "source": "//ops.example.org/calendar", "id": "chg-4711"}
    return came, {**head, "time": came.replace(" ", "T") + "Z", "datacontenttype": "application/json", "data": data}


def before() -> Iterator[Line]:
    """Give what happens before anything is wrong with compute3."""
    yield ironic("power_set.end", "2026-11-22 16:04:38.750296")
    yield calendar("2026-11-22 16:05:00")
    yield sent("neutron/unversioned.port.update.end", "2026-11-22 16:08:22.898046")
    yield aodh("aodh/webhook.alarm.1", "2026-11-22 16:08:37.572824", "2026-11-22T16:08:37.457126")
    yield aodh("aodh/webhook.alarm.2", "2026-11-22 16:08:38.515406", "2026-11-22T16:08:37.457126")
    yield sent("nova/unversioned.compute.instance.unshelve.end")
    yield sent("nova/versioned.instance.unshelve.end")


def failure() -> Iterator[Line]:
    """Give what the witnesses say of compute3, and of two hosts that are not dead."""
    yield alerts("alertmanager/webhook.firing.3", "2026-11-22 16:09:22.762", 27)
    yield alerts(
        "alertmanager/webhook.firing.3",
        "2026-11-22 16:09:22.770",
        27,
        host="compute2",
        instance="127.0.0.1:17092",
        fingerprint="b1f6c0aa53d2e907",
    )
    yield alerts("alertmanager/webhook.firing.1", "2026-11-22 16:09:31.899", 19)
    yield report("compute2", "2026-11-22T16:09:40")
    yield report("compute3", "2026-11-22T16:09:50")
    yield sent(
        "masakari/versioned.notification.create.start",
        "2026-11-22 16:09:50.222118",
        type="COMPUTE_HOST",
        generated_time="2026-11-22T16:09:50Z",
        source_host_uuid="5c2f3a9e-7d0b-4b86-9a43-0f6f1a1f7c33",
        payload=captured("masakari/api.masakari.COMPUTE_HOST.finished")["notification"]["payload"],
    )


def recovery() -> Iterator[Line]:
    """Give what the cloud says while compute3 is fenced and evacuated, and how it ends."""
    off = {"to_power": "power off", "power_state": "power on", "target_power_state": "power off"}
    yield ironic("power_set.start", "2026-11-22 16:10:02.674745", **off)
    yield ironic("power_set.end", "2026-11-22 16:10:03.750296", to_power="power off", power_state="power off")
    yield sent("nova/versioned.service.update")
    yield sent("nova/versioned.service.update.2")
    for step in ("evacuate", "rebuild.scheduled", "rebuild.start"):
        yield sent(f"nova/unversioned.compute.instance.{step}")
    for step in ("evacuate", "rebuild_scheduled", "rebuild.start", "rebuild.end"):
        yield sent(f"nova/versioned.instance.{step}")
    yield sent("nova/unversioned.compute.instance.power_on.end", "2026-11-22 16:10:31.219662")
    yield sent("nova/versioned.instance.power_on.end", "2026-11-22 16:10:32.227969")
    yield "2026-11-22 16:11:00", {"channel": "#ops", "text": "compute3 is being looked at", "user": "carol"}
    yield alerts("alertmanager/webhook.firing.1", "2026-11-22 16:14:31.899", 19)
    yield alerts("alertmanager/webhook.resolved.2", "2026-11-22 16:20:34.896", begun=19, ended=8)


def stream() -> str:
    """Give the whole file, in the order in which the payloads came."""
    lines = sorted([*before(), *failure(), *recovery()], key=lambda line: line[0])
    return "".join(json.dumps(payload) + "\n" for _, payload in lines)


if __name__ == "__main__":
    STREAM.write_text(stream(), encoding="utf-8")
