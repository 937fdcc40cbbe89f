"""Wait for what another process brings about."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from lambda_src.runtime.deadline import Deadline

#: Only a test that fails waits for so long; a busy machine may take three times what an idle one does.
TIMEOUT_SECONDS = 180.0

T = TypeVar("T")


def wait_for(
    condition: Callable[[], T | None],
    what: str,
    seconds: float = TIMEOUT_SECONDS,
    *,
    every: float = 0.1,
    ignore: type[Exception] | None = None,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """The first true answer of the condition. `what` completes "not within 180 s: "; that is AssertionError.

    `ignore`: an error of the condition that means "not yet". `now` and `sleep`: a simulated clock's.
    """

    def probe() -> T | None:
        with suppress(*[ignore] if ignore else []):
            return condition()
        return None

    deadline = Deadline(now() + seconds, now, sleep)
    found = deadline.poll(probe, bool, every=every, at_most=seconds)
    assert found, f"not within {seconds:.0f} s: {what}"
    return found
