"""
What names a thing: host names know no letter case, and a host with a domain is the host of the short name as well.

Nova, Neutron and Cinder each call a host what its own file says: `CTL-1` here, `ctl-1.example.org` there. What must be
left alone is left alone under each of them; where two hosts share a short name, both are.
"""

import re
from fnmatch import fnmatchcase, translate
from functools import lru_cache


class Names:
    """Names as a site writes them, or patterns of names, as one expression."""

    def __init__(self, globs: tuple[str, ...]) -> None:
        """Take the names."""
        folded = [glob.casefold().rstrip(".") for glob in globs]
        shorts = [short for short in map(_short_of, folded) if short]
        self._whole = re.compile("|".join(map(_written, folded))) if folded else None
        self._short = re.compile("|".join(map(_written, shorts))) if shorts else None
        """Of those with a domain what is before it, for things that are called without one."""

    def cover(self, name: str) -> bool:
        """Whether one of them is of a thing of this name, however either is written."""
        if self._whole is None:
            return False
        name = name.casefold().rstrip(".")
        if self._whole.match(name):
            return True
        if "." not in name:
            return self._short is not None and bool(self._short.match(name))
        short = _short_of(name)
        return bool(short) and bool(self._whole.match(short))


def _short_of(name: str) -> str:
    """Give the name before the domain; an empty text where there is none, as in an address, or it fits any name."""
    first, _, domain = name.partition(".")
    return first if first.strip("*?") and any(letter.isalpha() for letter in domain) else ""


def _written(glob: str) -> str:
    return rf"{re.escape(glob)}\Z|{translate(glob)}"


@lru_cache(maxsize=1024)
def _names(glob: str) -> Names:
    return Names((glob,))


def covers(glob: str, name: str) -> bool:
    """Whether a name written by a site, or a pattern of names, is of a thing of this name."""
    return _names(glob).cover(name)


def is_named(name: str, glob: str) -> bool:
    """Whether a name is the one written, which may have brackets in it, as `[fe80::1]:9100` has, or fits it."""
    return name == glob or fnmatchcase(name, glob)
