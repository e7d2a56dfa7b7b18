"""
The crash harness: real processes, ended by SIGKILL at seeded points, and what the last of them leaves behind.

`python -m tests.crash --points 1000` ends so many processes during runs of ten thousand inputs: at any byte inside a
write, before and after every other call that reaches the disk, and amidst what a database does. `--over file`,
`--over once` (an executor that cannot be asked twice), `--over beside` (executors with threads of their own),
`--over sqlite` and `--over URL` name what is run, in turns where more than one is given. `pytest --crashes N` does the
same.
"""
