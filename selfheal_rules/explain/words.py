"""Pieces of rules as their authors write them, on one line."""

from selfheal_rules.model import Literal, Operand, Template, Test
from selfheal_rules.values import canonical


def shown(operand: Operand | Template) -> str:
    """Give a value as it is written."""
    if isinstance(operand, Template):
        return "".join(part if isinstance(part, str) else f"${{{str(part)[1:]}}}" for part in operand.parts)
    if isinstance(operand, Literal):
        return operand.value if isinstance(operand.value, str) else canonical(operand.value)
    return str(operand)


def leaf(test: Test) -> str:
    """Give a leaf as a few words: `severity at_least critical`."""
    values = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    held = ", ".join(shown(value) for value in values)
    held = f"[{held}]" if isinstance(test.operand, tuple) else held
    return f"{'.'.join(test.path)} {test.operator} {held}"
