"""Which release this is."""

from importlib.metadata import PackageNotFoundError, version


def installed() -> str:
    """Give the version that is installed, or that none is."""
    try:
        return version("selfheal-rules")
    except PackageNotFoundError:
        return "(not installed)"
