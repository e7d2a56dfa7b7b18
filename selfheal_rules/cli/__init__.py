"""
The `selfheal` command: rule sets and payloads on the outside, the library on the inside.

One module a command (`check`, `run`, `events`, …); each has `register`, which says what it takes, and does its work on
the parsed arguments. Only this package reads files as they grow, writes to a terminal and knows the time of day.
"""

from selfheal_rules.cli.command import main

__all__ = ["main"]
