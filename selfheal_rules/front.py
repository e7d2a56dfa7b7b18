"""The front of a package whose names are looked up when they are first used: importing one part costs no other."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def front(
    package: str, names: dict[str, Any], homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """
    Give `__getattr__` and `__dir__` of a package: `names` are its globals, `homes` tell each name's module below it.

    A name is kept once it was looked up; one that is not promised is an `AttributeError`, as in any module.
    """

    def look_up(name: str) -> Any:  # noqa: ANN401 - any name
        """Give a promised name from the module it is at home in."""
        if name not in homes:
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message)
        found = names[name] = getattr(import_module(f"{package}.{homes[name]}"), name)
        return found

    return look_up, lambda: sorted({*names, *homes})
