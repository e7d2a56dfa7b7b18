"""Rule sets become programs: generated Python for every leaf and join, a plan for every rule."""

from selfheal_rules.compile.program import Program, compile_rules

__all__ = ["Program", "compile_rules"]
