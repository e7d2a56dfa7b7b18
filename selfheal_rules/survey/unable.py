"""Actions that cannot be done in a cloud: their service, a version of its API or a role is not there."""

from collections.abc import Iterator

from selfheal_rules.actions import CATALOGUE, ActionType
from selfheal_rules.check.findings import at_word, listed
from selfheal_rules.cloud import Cloud
from selfheal_rules.model import Do
from selfheal_rules.survey.gap import Gap
from selfheal_rules.survey.readers import Placed, Readers
from selfheal_rules.vocabulary import Vocabulary


def unable(readers: Readers, cloud: Cloud | None) -> Iterator[Gap]:
    """Give a gap for each step that does what cannot be done, and for each poller that asks what its user may not."""
    if cloud:
        yield from _unasked(cloud, readers.vocabulary)
    for one in readers.rules:
        for step in one.view.dos:
            action: ActionType | None = CATALOGUE.get(step.action)
            if action and action.api:
                yield from _lacking(one, step, action, cloud)


def _lacking(one: Placed, step: Do, action: ActionType, cloud: Cloud | None) -> Iterator[Gap]:
    service, _, version = action.api.partition(" ")
    place = at_word(step.span, step.action)
    if action.retired and (cloud is None or cloud.lacks_service(service)):
        reason = f"`{action.name}` is of a project that ended on {action.retired}"
        yield Gap("retired", one.name, reason, "do it another way; the service works where it still runs", place)
    elif cloud is None:
        return
    elif cloud.lacks_service(service):
        cure = f"install it, or let another action do it: nothing carries out `{action.name}` here"
        yield Gap("no_service", one.name, f"`{action.name}` needs the service `{service}`", cure, place)
    elif cloud.is_older(service, version):
        reason = f"`{action.name}` needs {service} {version}, and the cloud has {cloud.version(service)}"
        yield Gap("old_api", one.name, reason, "upgrade the service, or leave the action out", place)
    if cloud and cloud.roles is not None and action.role and not _may(action.role, cloud.roles):
        reason = f"`{action.name}` needs the role `{action.role}`, and the user has {listed(cloud.roles) or 'none'}"
        yield Gap(
            "no_role", one.name, reason, f"give the user the role, or let a policy of `{service}` allow it", place
        )


def _unasked(cloud: Cloud, vocabulary: Vocabulary) -> Iterator[Gap]:
    for feed in map(vocabulary.sources.get, cloud.pollers or ()):
        if cloud.roles is not None and feed and feed.roles and not any(_may(one, cloud.roles) for one in feed.roles):
            needed = f"one of the roles {listed(feed.roles)}" if feed.roles[1:] else f"the role {listed(feed.roles)}"
            reason = (
                f"the poller needs {needed}, and the user has {listed(cloud.roles) or 'none'}: "
                "it sees nothing, or only what is its own"
            )
            yield Gap("no_role", feed.name, reason, "give the user of the pollers the role, or let a policy allow it")


_IMPLIED = {"manager": ("member", "reader"), "member": ("reader",)}
"""What Keystone lets a role imply; `admin` may do all there is."""


def _may(role: str, roles: tuple[str, ...]) -> bool:
    return "admin" in roles or any(role == one or role in _IMPLIED.get(one, ()) for one in roles)
