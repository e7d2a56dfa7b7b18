"""
What plug-ins promise, as tests that whoever writes one runs: each contract is a class to subclass in a module of tests.

    class TestReboot(ExecutorContract):
        action, target = "acme.reboot_rack", "r1"
        ...

pytest collects the subclass; what the contract needs and cannot know is a method to fill in. The project's own actions,
executors, leases, journals and sources pass the same ones.
"""

from selfheal_rules.conformance.actions import ActionContract
from selfheal_rules.conformance.executors import ExecutorContract
from selfheal_rules.conformance.guards import GuardContract
from selfheal_rules.conformance.journals import JournalContract, LeaseContract
from selfheal_rules.conformance.orders import asked
from selfheal_rules.conformance.sources import SourceContract

__all__ = [
    "ActionContract",
    "ExecutorContract",
    "GuardContract",
    "JournalContract",
    "LeaseContract",
    "SourceContract",
    "asked",
]
