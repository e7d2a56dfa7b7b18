"""How fast the engine is beside what its user would otherwise write: `python -m benchmarks.run`."""
