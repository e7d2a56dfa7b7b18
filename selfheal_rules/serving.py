"""
What one file says about one process of `selfheal serve`: frozen types.

What it leaves out is the careful choice: nothing is listened to, and executors only say what they would do.
"""

from datetime import timedelta
from typing import TypeAlias

from attrs import field, frozen

from selfheal_rules.source import NOWHERE, Span
from selfheal_rules.values import FrozenMap

TOPICS = ("notifications", "versioned_notifications")
"""Where services put unversioned and versioned notifications, unless their configuration says otherwise."""
POLLS = (
    "nova_services",
    "nova_servers",
    "neutron_agents",
    "neutron_routers",
    "ironic_nodes",
    "masakari_hosts",
    "heat_stacks",
    "heat_resources",
    "cinder_backends",
    "octavia_balancers",
    "octavia_amphorae",
)
"""What a poller can ask a cloud for."""
TOLD = ("notify", "page")
"""What people are told by an address of the site's."""
NAMED = FrozenMap({"webhook": ("endpoint", "endpoints"), "command": ("command", "commands")})
"""What goes by a name of the site's: action → the value that says the name, and the key of `executors` that has it."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def _span() -> Span:
    return field(default=NOWHERE, eq=False, repr=False, kw_only=True)


@frozen
class Tls:
    """`{certificate: …, key: …, clients: ca.pem}`; with `clients`, a sender needs a certificate of that authority."""

    certificate: str
    key: str
    clients: str = ""


@frozen
class Http:
    """`{listen: "127.0.0.1:8642", tokens: FILE, …}`: the webhook, beside health and metrics."""

    listen: str
    tokens: str = ""
    tls: Tls | None = None
    max_body: int = 1 << 20
    rate: int = 200
    zaqar: str = ""
    span: Span = _span()

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port, or None where it is none."""
        host, colon, port = self.listen.rpartition(":")
        is_port = port.isascii() and port.isdigit() and int(port) < 1 << 16
        return (host.strip("[]"), int(port)) if colon and host and is_port else None


@frozen
class TailSource:
    """`{tail: FILE, position: FILE}`: a file that grows, or `-`; `position` is `FILE.position` unless it is said."""

    tail: str
    position: str = ""
    span: Span = _span()


@frozen
class BusSource:
    """`{listen: FILE, pool: selfheal, …}`: a bus, whose URL is in a file that few can read."""

    listen: str
    pool: str
    topics: tuple[str, ...] = TOPICS
    exchanges: tuple[str, ...] = ()
    span: Span = _span()


@frozen
class PollSource:
    """`{poll: [nova_services], cloud: production, every: 30s, …}`; `rate` is how many sweeps a minute a cloud takes."""

    poll: tuple[str, ...]
    cloud: str
    every: timedelta = timedelta(seconds=30)
    jitter: timedelta = timedelta(seconds=3)
    stale: timedelta = timedelta(minutes=2)
    rate: int = 60
    span: Span = _span()


@frozen
class PluginSource:
    """`{plugin: NAME, with: {…}}`: a source that another package brings (`selfheal_rules.sources`)."""

    plugin: str
    given: FrozenMap = field(factory=FrozenMap)
    span: Span = _span()


FedBy: TypeAlias = TailSource | BusSource | PollSource | PluginSource


@frozen
class LeaseBy:
    """
    `{url: FILE, name: production}`: a coordinator that says which of several processes may act.

    The file has its URL; all that are to exclude one another say the same name, and no others do.
    """

    url: str
    name: str = "selfheal"
    span: Span = _span()


@frozen
class Acting:
    """
    `{record: FILE}` or `{cloud: production, plugins: [acme], tell: {page: FILE}}`: who carries decisions out.

    `plugins` are names of entry points of the group `selfheal_rules.executors`; `tell` has, for `notify` and `page`,
    the file with the address people are told by. `endpoints: {cmdb: FILE}` has the addresses decisions are posted to,
    `commands: {drain: [/opt/site/drain, --now]}` the programs that are run; a rule can ask for these, and no others.
    """

    record: str = ""
    cloud: str = ""
    plugins: tuple[str, ...] = ()
    tell: FrozenMap = field(factory=FrozenMap)  # action → file
    endpoints: FrozenMap = field(factory=FrozenMap)  # name → file
    commands: FrozenMap = field(factory=FrozenMap)  # name → the program and its first arguments
    dry: bool = False
    workers: int = 4
    span: Span = _span()


@frozen
class Serving:
    """The whole of it; files are named from the folder of the file that says so."""

    rules: tuple[str, ...]
    journal: str
    params: FrozenMap = field(factory=FrozenMap)
    policy: str = ""
    mappings: tuple[str, ...] = ()
    max_age: timedelta = timedelta(minutes=10)
    max_ahead: timedelta = timedelta(minutes=1)
    queue: int = 1000
    lease: LeaseBy | None = None
    http: Http | None = None
    sources: tuple[FedBy, ...] = ()
    executors: Acting | None = None
    span: Span = _span()
