"""
Fuzz the reader of payloads with atheris: `python -m tests.fuzz.run [libFuzzer's options]`.

It begins with the kept corpus, and keeps what reaches new code in the first folder it is given:

    pip install -e '.[test,fuzz]'
    python -m tests.fuzz.run -max_total_time=3600 FOLDER tests/fuzz/corpus
"""

import sys

import atheris

with atheris.instrument_imports(include=["selfheal_rules"]):
    from tests.fuzz.target import holds


def one_input(data: bytes) -> None:
    """Give one input to the target."""
    holds(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
