"""`python -m tests.cloud.life HOME JOURNAL`: one life of a healer that looks after dead hosts, until it is killed."""

import os
import sys
from pathlib import Path

from tests.cloud.hook import listening
from tests.cloud.rig import Cloud, login
from tests.cloud.site import site
from tests.cloud.test_story import STORY, SWEEPS


def live(home: str, journal: str) -> None:
    """Go on for ever, as long as whoever began it is there."""
    with listening() as hook:
        watched = site(Cloud(login(), home), Path(journal), STORY, SWEEPS, hook=hook)
        parent = os.getppid()
        while os.getppid() == parent:
            watched.go_on(1.0)


live(*sys.argv[1:])
