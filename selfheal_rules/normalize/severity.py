"""The one ladder of severities, and the words sources and their operators use for its rungs."""

from selfheal_rules.values import FrozenMap

WORDS = FrozenMap(
    {
        "info": "info", "information": "info", "informational": "info", "none": "info", "notice": "info", "low": "info",
        "warning": "warning", "warn": "warning",
        "minor": "minor", "average": "minor", "moderate": "minor", "medium": "minor",
        "major": "major", "severe": "major", "high": "major", "error": "major",
        "critical": "critical", "page": "critical", "emergency": "critical", "fatal": "critical",
        "disaster": "critical",
    }
)  # fmt: skip
"""Words whose meaning no source defines; any other word is no severity."""


def severity_of(word: str | None) -> str | None:
    """Give the rung a word of common use stands for, in whatever case it is written."""
    return WORDS.get((word or "").lower())
