"""One stream over several engines that decide as one."""

from selfheal_rules.divide.partition import Partition
from selfheal_rules.divide.partitions import Partitions, Placed

__all__ = ["Partition", "Partitions", "Placed"]
