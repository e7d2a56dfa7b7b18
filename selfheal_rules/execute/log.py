"""The log of executors: it goes to the host's logging, and nowhere where it has none."""

import logging

import structlog
from structlog.typing import EventDict, WrappedLogger

TOLD = "selfheal"
"""The attribute of a record of `logging` that has what is told, by name; the text of the record has it in a line."""

_LINE = structlog.processors.KeyValueRenderer(key_order=["event", "key"], drop_missing=True)


def _both(logger: WrappedLogger, name: str, event: EventDict) -> tuple[tuple[str], dict[str, object]]:
    return (_LINE(logger, name, dict(event)),), {"extra": {TOLD: event}}


log = structlog.wrap_logger(
    logging.getLogger("selfheal_rules"),
    processors=[structlog.stdlib.filter_by_level, _both],
    wrapper_class=structlog.stdlib.BoundLogger,
)
"""What a host did not set up is not printed."""
