"""
What one file says of a cloud: its services, what is switched on in it, and who else heals: frozen types.

What it leaves out is not known, and nothing is judged by it.
"""

from attrs import field, frozen

from selfheal_rules.source import NOWHERE, Span
from selfheal_rules.values import EMPTY, FrozenMap
from selfheal_rules.vocabulary import Feed


@frozen
class Cloud:
    """
    `{cloud: region-one, services: {compute: "2.96"}, notifications: [nova], …}`.

    `services` has the highest version of each service's API, or an empty text where it is not known. None stands for
    what the file does not say.
    """

    name: str
    services: FrozenMap | None = None  # service type → version
    notifications: tuple[str, ...] | None = None
    webhooks: tuple[str, ...] | None = None
    pollers: tuple[str, ...] | None = None
    posted: tuple[str, ...] | None = None
    """The kinds that somebody posts as CloudEvents, or gives by a mapping."""
    alerts: tuple[str, ...] | None = None
    """The names of alarms that exist."""
    roles: tuple[str, ...] | None = None
    """The roles of the user that carries decisions out."""
    healers: tuple[str, ...] | None = None
    """Who heals beside the rules, by the names of `selfheal overlaps`."""
    span: Span = field(default=NOWHERE, eq=False, repr=False, kw_only=True)

    def lacks_service(self, service: str) -> bool:
        """Whether the catalogue is known, and has no such service."""
        return self.services is not None and bool(service) and service not in self.services

    def has_on(self, feed: Feed) -> bool | None:
        """Whether a source gives something here; None where nobody says."""
        if self.lacks_service(feed.service):
            return False
        told = {"bus": self.notifications, "post": self.webhooks}.get(feed.by, self.pollers)
        if told is None:
            return None
        return bool(told) if feed.by == "serve" else feed.name in told

    def version(self, service: str) -> str:
        """Give the highest version of a service's API; an empty text where it is not known."""
        return str((self.services or EMPTY).get(service, ""))

    def is_older(self, service: str, wanted: str) -> bool:
        """Whether the API of a service is known to end before a version."""
        has = self.version(service)
        return bool(has) and numbers(has) < numbers(wanted)


def numbers(version: str) -> tuple[int, ...]:
    """Give a version such as `2.96` as numbers that can be compared; a single one is that of all its minor ones."""
    found = tuple(int(part) for part in version.split("."))
    return found if len(found) > 1 else (*found, 0)
