"""A lease by its URL: of a scheme that another package brings (`selfheal_rules.leases`), or of a coordinator."""

from importlib.metadata import entry_points

from selfheal_rules.diagnostics import JournalError
from selfheal_rules.journal.journal import Lease
from selfheal_rules.plugins import PluginError, plugin, plugins

_WORDS = ("acquire", "check", "release")


def is_known(url: str) -> bool:
    """Whether somebody brings the scheme a URL begins with: a plug-in, or tooz; nothing connects."""
    brought = (*plugins("leases"), *entry_points(group="tooz.backends"))
    return any(one.name == url.partition(":")[0] for one in brought)


def open_lease(url: str, name: str = "selfheal") -> Lease:
    """
    Give the lease a URL means, under a name that is the journal's own; it is not taken yet.

    The scheme of the URL is the name of a plug-in, or else one of tooz's.

    Raises:
        JournalError: where the coordinator cannot be reached, or the extra `scale` is missing.
        PluginError: where the scheme's plug-in cannot be used.
    """
    scheme = url.partition(":")[0]
    if any(one.name == scheme for one in plugins("leases")):
        found = plugin("leases", scheme)
        made: Lease = found.made(url, name)
        if lacking := [word for word in _WORDS if not callable(getattr(made, word, None))]:
            raise PluginError(found.refused(f"what it makes has no `{lacking[0]}`, and is no lease"))
        return made
    try:
        from selfheal_rules.journal.coordinated import CoordinatedLease  # noqa: PLC0415 - an extra
    except ImportError:
        message = f"`{scheme}` is no plug-in, and a coordinator needs tooz; install `selfheal-rules[scale]`"
        raise JournalError(message) from None
    return CoordinatedLease(url, name)
