"""Fuzzing of what reads payloads; `python -m tests.fuzz.run` with the extra `fuzz`."""
