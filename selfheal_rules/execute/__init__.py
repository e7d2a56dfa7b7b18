"""Carrying out decisions: the contract of executors, and those that touch no cloud."""

from selfheal_rules.execute.brought import brought
from selfheal_rules.execute.command import Commands
from selfheal_rules.execute.dry_run import DryRun
from selfheal_rules.execute.executor import Executor, Executors
from selfheal_rules.execute.order import Order
from selfheal_rules.execute.record import Recording

__all__ = ["Commands", "DryRun", "Executor", "Executors", "Order", "Recording", "brought"]
