"""Commands that run to their end."""

import os
import subprocess
from pathlib import Path


def sh(*command: str | Path, **told: str) -> str:
    """Run a program to its end, and give what it said."""
    ran = subprocess.run([*map(str, command)], check=False, capture_output=True, text=True, env={**os.environ, **told})
    assert ran.returncode == 0, f"{command}: {ran.stdout[-1000:]} {ran.stderr[-1000:]}"
    return ran.stdout
