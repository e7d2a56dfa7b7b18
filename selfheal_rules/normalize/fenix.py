"""
Fenix: a host it is about to take, or has taken, out of service, and what it asks of the projects on it.

`maintenance.host` is a `host.maintenance`, held until it says `MAINTENANCE_COMPLETE` (or, as the documentation
announces, `HOST_ADDED`). The documentation calls the other one `maintenance.planned`, the code `maintenance.scheduled`:
both are read. A session goes on until its last word.
"""

from selfheal_rules.events import Event, State
from selfheal_rules.normalize import oslo
from selfheal_rules.normalize.reading import (
    Items,
    Payload,
    moment_of,
    needed,
    needed_moment,
    present,
    text,
)

SOURCE = "fenix"
_IN_USE = ("MAINTENANCE_COMPLETE", "HOST_ADDED")
_HOST, _SESSIONS = "maintenance.host", ("maintenance.planned", "maintenance.scheduled")


def recognise(message: Payload) -> bool:
    """Whether a notification is one of Fenix'."""
    return oslo.recognise(message) and message["event_type"] in (_HOST, *_SESSIONS)


def normalize(message: Payload) -> Items:
    """Give a host's maintenance as a state, a project's part in it as an event."""
    data = oslo.data_of(message["payload"], "payload")
    time, ident = needed_moment(message, "timestamp"), needed(message, "message_id")
    session, status, project = text(data, "session_id"), needed(data, "state"), text(data, "project_id")
    if message["event_type"] == _HOST:
        fields = present(host=needed(data, "host"), reason="fenix", session=session, project=project)
        return (State("host.maintenance", SOURCE, time, fields, status in _IN_USE, id=ident),)
    asked = present(
        session=session,
        status=status,
        project=project,
        reply_at=moment_of(data, "reply_at"),
        actions_at=moment_of(data, "actions_at"),
        payload=oslo.plain(data),
    )
    return (Event(ident, "maintenance.session", SOURCE, time, asked),)
