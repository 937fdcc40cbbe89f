"""Several questions at the same time, and one time by which all of them end."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from connector.domain.errors import ServerError

T = TypeVar("T")


class Questions:
    """Questions that are asked at once, each in a thread, and have so many seconds from now.

    One that has no answer by then is left alone. Its thread is a daemon, because the program waits for
    the threads of an executor before it ends.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def ask(self, see: Callable[[], T]) -> "Future[T]":
        """Begin with a question; `answer` waits for it."""
        asked: Future[T] = Future()

        def run() -> None:
            try:
                asked.set_result(see())
            except BaseException as error:  # noqa: BLE001 - raised again where the answer is taken
                asked.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return asked

    def answer(self, asked: "Future[T]") -> T:
        """The answer; raises what the question raised, and `ServerError` if the time is up."""
        try:
            return asked.result(max(0.0, self._end - time.monotonic()))
        except TimeoutError:
            raise ServerError(f"no answer in {self._seconds:.0f} s") from None
