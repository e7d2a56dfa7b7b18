"""Pictures: what rules lead to, as a graph, and what came of them, as a page."""

from selfheal_rules.report.coverage import read_coverage
from selfheal_rules.report.dot import dot
from selfheal_rules.report.graph import RuleGraph, rule_graph
from selfheal_rules.report.history import History
from selfheal_rules.report.html import page
from selfheal_rules.report.mermaid import mermaid
from selfheal_rules.report.recorded import Recorded

__all__ = ["History", "Recorded", "RuleGraph", "dot", "mermaid", "page", "read_coverage", "rule_graph"]
