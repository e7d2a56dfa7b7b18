"""The tests: `semantics/` by behaviour, an oracle, and what keeps the house in order."""
