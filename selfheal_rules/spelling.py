"""
How a thing is written, and what is one thing under several spellings.

Nova, Neutron and Cinder each call a host what its own file says: `CTL-1` here, `ctl-1.example.org` there, and a scrape
adds a port. People write as they please. What says who is acted on, and who must not be, goes by one form of a name.
"""

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

_BRACKETED = re.compile(r"\[([^\[\]]*:[^\[\]]*)\](?::\d+)?\Z")
"""An address of version 6 as URLs have it, whether with a port or without."""
EVERYTHING = frozenset({"", "all", "any", "none", "null"})
"""Texts that name no one thing."""
_SEVERAL = re.compile(r"[*?\[\],;%\s]")
"""In none of them does any of these stand that is read as a pattern or a list somewhere, unless it is an address."""
_NO_HOST = re.compile(r"[:/#]")
_PORTED = re.compile(r"([^:]+):\d+\Z")


def plain(name: str) -> str:
    """Give a name without what does not tell things apart: letter case, space around it, a port, a last dot."""
    return forms(name)[0]


def is_address(name: str) -> bool:
    """Whether a name is an address of version 4 or 6, with brackets, zone and port or without."""
    try:
        ip_address(plain(name))
    except ValueError:
        return False
    return name == name.strip()


def names_one(name: str) -> bool:
    """Whether a text names one thing, and neither all, nor several, nor none."""
    if name.strip().lower() in EVERYTHING:
        return False
    return not _SEVERAL.search(name) or is_address(name)


def short(name: str) -> str:
    """
    Give a plain name without the domain of its host; an empty text where there is none, or nothing is left that tells.

    A service of Cinder's or RabbitMQ's has its host on one side of an `@`, and keeps what is on the other: several
    back ends of a host are several. What is no host's name, such as a URL, has no short form.
    """
    cut = "@".join(map(_host, name.split("@")))
    return cut if cut != name else ""


def _host(part: str) -> str:
    first, _, domain = part.partition(".")
    is_host = first.strip("*?") and any(letter.isalpha() for letter in domain) and not _NO_HOST.search(part)
    return first if is_host else part


@lru_cache(maxsize=1 << 16)
def forms(name: str) -> tuple[str, str]:
    """Give a name that is plain, and what is equal for all spellings of the thing."""
    name = name.strip().casefold()
    found = _BRACKETED.match(name) or _PORTED.match(name)
    known = (found[1] if found else name).rstrip(".")
    return known, short(known) or known


def identity(name: Any) -> Any:  # noqa: ANN401 - a value of any type
    """
    Give what is equal for all spellings of one thing; what is no text stands for itself.

    Two hosts of one short name are one by it: what goes by it may hold too much, and never too little.
    """
    return forms(name)[1] if name.__class__ is str else name
