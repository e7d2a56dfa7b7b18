"""
The test kit for authors of rules: `tests.yaml` beside `rules.yaml`, and `RuleTester` for tests in Python.

Names are looked up when they are first used: pytest imports the plug-in in every run of whoever has this library, and
most of those runs test no rules.
"""

from typing import TYPE_CHECKING

from selfheal_rules.front import front

if TYPE_CHECKING:
    from selfheal_rules.testing.parse import load_suite as load_suite
    from selfheal_rules.testing.tester import RuleTester as RuleTester
    from selfheal_rules.testing.verdicts import judge as judge

__all__ = ["RuleTester", "judge", "load_suite"]

_HOMES = {"RuleTester": "tester", "judge": "verdicts", "load_suite": "parse"}

if not TYPE_CHECKING:  # a checker that saw it would take any name for one of ours
    __getattr__, __dir__ = front(__name__, globals(), _HOMES)
