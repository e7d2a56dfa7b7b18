"""
What names a thing: a name however it is spelt, or a pattern of names.

A host with a domain is the host of the short name as well. What must be left alone is left alone under each spelling;
where two hosts share a short name, both are. What is on a host by its name, as `ctl-1@lvm` and `rabbit@ctl-1` are, is
left alone with it.
"""

import re
from fnmatch import fnmatchcase, translate
from functools import lru_cache

from selfheal_rules.spelling import forms, plain, short


class Names:
    """Names as a site writes them, or patterns of names, as one expression."""

    def __init__(self, globs: tuple[str, ...]) -> None:
        """Take the names."""
        folded = [plain(glob) for glob in globs]
        shorts = [name for name in map(short, folded) if name]
        self._whole = re.compile("|".join(map(_written, folded))) if folded else None
        self._short = re.compile("|".join(map(_written, shorts))) if shorts else None
        """Of those with a domain what is before it, for things that are called without one."""

    def cover(self, name: str) -> bool:
        """Whether one of them is of a thing of this name, or of its host, however either is written."""
        name = forms(name)[0]
        return self._is(name) or ("@" in name and any(map(self._is, name.split("@"))))

    def _is(self, name: str) -> bool:
        if self._whole is None:
            return False
        if self._whole.match(name):
            return True
        if "." not in name:
            return self._short is not None and bool(self._short.match(name))
        first = short(name)
        return bool(first) and bool(self._whole.match(first))


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
