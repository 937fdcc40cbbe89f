"""`make faults`: real faults on the real parts, each ending as a row of a table.

    python -m tests.faults              all
    python -m tests.faults health       what the health check makes of a fault
    python -m tests.faults oracle       what each error of Oracle does to the connector
    python -m tests.faults minute       how soon after a fault people are mailed
    python -m tests.faults stream       what is lost, repeated or out of order
    python -m tests.faults stream worker-killed …     only these

With WRITE=1 in the environment the rows go into the tables of docs/, with the day. Exit status 1 when a row
is not as it must be.
"""

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module

from rich.console import Console
from rich.markup import escape

from tests.faults.oracle import document
from tests.faults.report import Fault, Row, keep, publish, show

#: Kind -> the module whose `testbed()` is a context manager that gives its faults, and the table's title.
KINDS: Mapping[str, tuple[str, str]] = {
    "health": ("tests.faults.health", "What the health check makes of each fault"),
    "oracle": ("tests.faults.oracle", "What each error of Oracle does to the connector"),
    "minute": ("tests.faults.minute", "How soon after each fault people are mailed"),
    "stream": ("tests.faults.stream", "What each fault does to the stream"),
}
#: Kind -> the columns that a terminal shows, where the report has more of them.
SHOWN: Mapping[str, Sequence[str]] = {"oracle": ("task", "MBean", "class, owner", "recovers")}


def main(words: Sequence[str]) -> int:
    """Run what is asked for."""
    # In a pipe there is no width to keep to, and words in pieces are hard to read.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    kinds = [words[0]] if words else [*KINDS]
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        console.print(
            f"error: no faults of kind {unknown[0]!r}; there are {', '.join(KINDS)}. Names of faults go "
            "behind a kind: make faults KIND=health NAMES=connector-deleted"
        )
        return 2
    wrong = 0
    for kind in kinds:
        module, title = KINDS[kind]
        testbed: AbstractContextManager[Sequence[Fault]] = import_module(module).testbed()
        with testbed as faults:
            chosen = [fault for fault in faults if not words[1:] or fault.name in words[1:]]
            if missing := set(words[1:]) - {fault.name for fault in chosen}:
                known = ", ".join(fault.name for fault in faults)
                console.print(f"error: no fault {min(missing)!r}; there are {known}")
                return 2
            rows = []
            for fault, row in zip(chosen, _run(chosen, console), strict=True):
                rows.append(row)
                # One by one: a run that is cut off has not been for nothing.
                _written(kind, fault, row)
        show(title, rows, console, SHOWN.get(kind, ()))
        console.print(f"figures: {keep(kind, rows)}", soft_wrap=True)
        wrong += sum(bool(row.wrong) for row in rows)
    return 1 if wrong else 0


def _written(kind: str, fault: Fault, row: Row) -> None:
    """Keep a row in docs, where it is asked for."""
    if not os.environ.get("WRITE"):
        return
    if kind == "oracle":
        document.publish({fault.name: row})
    else:
        publish(kind, [row], datetime.now(UTC).date())


def _run(faults: Sequence[Fault], console: Console) -> Iterator[Row]:
    for number, fault in enumerate(faults, 1):
        console.print(f"[bold cyan]{number}/{len(faults)}[/] {escape(fault.title)}", soft_wrap=True)
        began = time.monotonic()
        try:
            row = fault.run()
        except Exception as error:  # noqa: BLE001 - one fault that went astray must not hide the others
            console.print_exception()
            row = Row(fault.title, {}, [f"{type(error).__name__}: {error}"])
        row = replace(row, seconds=time.monotonic() - began)
        # The table comes at the end of a long run: what went wrong is there at once.
        mark = "ok" if row.verdict == "yes" else row.verdict
        console.print(f"    {escape(mark)} ({row.seconds:.0f} s)", soft_wrap=True)
        yield row


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
