"""Refuse to begin what needs more room on the disk than there is.

The parts themselves end in the middle otherwise, each in its own words, and none says how much it needs.
"""

import shutil
from pathlib import Path

from connector.domain.errors import OperatorError

#: A world in which three stages were launched took 141 MB.
WORLD_MB = 200
#: The assembled worker and Kafka take 220 MB, what Maven downloads for them into its cache 200 MB.
BUILD_MB = 500
_MB = 1024 * 1024


def check(place: Path, megabytes: int, what: str, otherwise: str) -> None:
    """Raise unless so much is free where `place` is or will be.

    `what` needs it; `otherwise` is what to do where no room can be made.
    """
    there = next(each for each in (place, *place.parents) if each.exists())
    disk = shutil.disk_usage(there)
    free = disk.free // _MB
    # One without a size, such as /proc, is no disk: writing there says what is wrong.
    if disk.total and free < megabytes:
        raise OperatorError(
            f"{what} needs {megabytes} MB in {place}, and {free} MB are free: free {megabytes - free} MB, "
            f"or {otherwise}"
        )
