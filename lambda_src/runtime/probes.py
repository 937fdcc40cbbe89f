"""Several probes at the same time: each has its own time limit, and none can fail or delay the others."""

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.domain.errors import WmsError


@dataclass(frozen=True)
class Probe:
    """One probe. `seconds` is how long it may take, whatever limits it has inside."""

    name: str
    call: Callable[[], Any]
    seconds: float


def run(probes: Sequence[Probe]) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """What each probe saw, and the errors of those that failed: two mappings by name.

    A probe that does not end in its time is left behind in a thread that ends with the process.
    """
    done: queue.SimpleQueue[tuple[str, bool, Any]] = queue.SimpleQueue()
    started = time.monotonic()
    for probe in probes:
        threading.Thread(target=_answer, args=(probe, done), name=probe.name, daemon=True).start()
    seen: dict[str, Any] = {}
    errors: dict[str, str] = {}
    waiting = {probe.name: started + probe.seconds for probe in probes}
    while waiting:
        try:
            name, well, found = done.get(timeout=max(0.0, min(waiting.values()) - time.monotonic()))
        except queue.Empty:
            now = time.monotonic()
            for late in [name for name, until in waiting.items() if until <= now]:
                errors[late] = f"no answer within {waiting.pop(late) - started:.0f} s"
            continue
        if waiting.pop(name, None) is not None:
            (seen if well else errors)[name] = found
    return seen, errors


def tried(call: Callable[[], Any]) -> tuple[bool, Any]:
    """Whether a probe got an answer, and which, or why not."""
    try:
        return True, call()
    except WmsError as error:
        return False, str(error)
    except Exception as error:  # noqa: BLE001 - one probe's mistake must not fail the others
        return False, f"unexpected {type(error).__name__}: {error}"


def _answer(probe: Probe, done: "queue.SimpleQueue[tuple[str, bool, Any]]") -> None:
    done.put((probe.name, *tried(probe.call)))
