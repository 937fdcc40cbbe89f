"""A wait shows a line at least every 15 seconds: the time of it, and a timer for what cannot look itself."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Show = Callable[[str], object]

#: How long a wait goes on at most without a line, in seconds.
LINE_SECONDS = 15.0


@contextmanager
def repeated(
    line: Callable[[float], str], show: Show, *, first: float = LINE_SECONDS, every: float = LINE_SECONDS
) -> Iterator[None]:
    """While the block runs, show a line after `first` seconds and then every so many.

    `line` makes it of the seconds that have passed. A request blocks its thread for up to a minute, so a
    thread of its own shows it.
    """
    ended, began = threading.Event(), time.monotonic()

    def run() -> None:
        pause = first
        while not ended.wait(pause):
            show(line(time.monotonic() - began))
            pause = every

    threading.Thread(target=run, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
