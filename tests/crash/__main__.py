"""Run the harness, and print what it found as an object of JSON; 1 where anything was wrong."""

import argparse
import json
import sys

from tests.crash.run import OVER, survive
from tests.crash.world import LENGTH

parser = argparse.ArgumentParser(prog="python -m tests.crash", description="end processes, and see what they leave")
parser.add_argument("--points", type=int, default=60, help="how many processes are ended (default: 60)")
parser.add_argument("--seed", type=int, default=1, help="which stream, and where they are ended (default: 1)")
parser.add_argument("--over", action="append", help="what is run: file, once, beside, sqlite or the URL of a database")
parser.add_argument("--inputs", type=int, default=LENGTH, help=f"how many inputs a run has (default: {LENGTH})")
chosen = parser.parse_args()
found = survive(chosen.points, chosen.seed, chosen.over or OVER, chosen.inputs)
sys.stdout.write(json.dumps(found) + "\n")
sys.exit(bool(found["wrong"]))
