"""
The crash harness: real processes, ended by SIGKILL at seeded points, and what the last of them leaves behind.

`python -m tests.crash --points 1000` ends so many processes during runs of ten thousand inputs: at any byte inside a
write, and before and after every other call that reaches the disk. `pytest --crashes N` does the same.
"""
