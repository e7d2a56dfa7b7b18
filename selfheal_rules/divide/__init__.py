"""One stream over several engines that decide as one."""

from selfheal_rules.divide.handover import Handover, Proposal, Withdrawal
from selfheal_rules.divide.partition import Partition
from selfheal_rules.divide.partitions import Partitions
from selfheal_rules.divide.placed import Placed

__all__ = ["Handover", "Partition", "Partitions", "Placed", "Proposal", "Withdrawal"]
