"""`python -m tests.bench.growth`: what operations cost among many stages and many topics, on the real parts.

CloudFormation is the embedded AWS, with the stacks that launches of so many stages leave; the cluster is a
real broker, with their topics. The admin function and the health check run in this process, with fakes for
the rest of AWS and for Connect. Each figure has its seconds and its calls: AWS's as they leave the program,
Kafka's as they leave the client, handshakes included.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from kafka.net.connection import KafkaConnection

from connector.local.world import World
from tests.bench import growth_among, growth_config

#: Sizes to measure at, in ascending order.
STAGES = (1, 20, 200)
TOPICS = (100, 1_000, 10_000)
#: By how much the cost per item may rise from the middle size to the largest one.
LIMIT = 1.5
#: What differs by less than this from one run to the next, in seconds, is no growth.
_NOISE_SECONDS = 0.05

Report = Callable[[str], None]


def _silent(_: str) -> None:
    """A report that nobody reads."""


@dataclass(frozen=True)
class Row:
    """One operation at one size: seconds of wall time, and calls by what was called."""

    operation: str
    #: What there are `size` of: stages or topics.
    of: str
    size: int
    seconds: float
    calls: Mapping[str, int]

    @property
    def aws(self) -> int:
        """Calls of AWS's."""
        return sum(self.calls.values()) - self.kafka

    @property
    def kafka(self) -> int:
        """Requests to brokers."""
        return sum(count for name, count in self.calls.items() if name.startswith("kafka "))


@dataclass(frozen=True)
class Growth:
    """How the cost per item rises from the middle size to the largest one: 1 is linear, 0.1 constant."""

    operation: str
    of: str
    seconds: float
    calls: float

    @property
    def linear(self) -> bool:
        """Whether neither rises by more than the limit."""
        return max(self.seconds, self.calls) <= LIMIT


def growth(rows: Iterable[Row]) -> list[Growth]:
    """One for each operation that was measured at two sizes or more."""
    series: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        series.setdefault((row.operation, row.of), []).append(row)
    found = []
    for (operation, of), each in series.items():
        if len(each) < 2:
            continue
        *_, middle, largest = sorted(each, key=lambda row: row.size)
        times = middle.size / largest.size
        seconds = max(0.0, largest.seconds - _NOISE_SECONDS) / max(middle.seconds, _NOISE_SECONDS)
        calls = (largest.aws + largest.kafka) / max(middle.aws + middle.kafka, 1)
        found.append(Growth(operation, of, seconds * times, calls * times))
    return found


class Meter:
    """Collects rows: times what it runs, and counts what that calls."""

    def __init__(self, report: Report) -> None:
        self.rows: list[Row] = []
        self.calls: Counter[str] = Counter()
        self._report = report

    def measure(
        self, operation: str, of: str, size: int, run: Callable[[], object], *, times: int = 1
    ) -> None:
        """Add a row for one of `times` runs, of which `run` makes all."""
        self.calls.clear()
        with _counted(self.calls):
            began = time.monotonic()
            run()
            seconds = (time.monotonic() - began) / times
        calls = {name: round(count / times) for name, count in sorted(self.calls.items())}
        self.rows.append(Row(operation, of, size, seconds, calls))
        self._report(_line(self.rows[-1]))


@contextmanager
def _counted(calls: Counter[str]) -> Iterator[None]:
    """Count the requests that kafka-python writes to a connection."""
    # Private, because nothing public is called once for each request.
    send = KafkaConnection._send_request

    def counted(self: KafkaConnection, request: Any, *args: Any, **kwargs: Any) -> Any:
        calls[f"kafka {type(request).__name__.removesuffix('Request')}"] += 1
        return send(self, request, *args, **kwargs)

    with mock.patch.object(KafkaConnection, "_send_request", counted):
        yield


def measure(
    stages: Sequence[int] = STAGES, topics: Sequence[int] = TOPICS, report: Report = _silent
) -> list[Row]:
    """A row for each operation and size, in the order of measurement; takes minutes at the default sizes."""
    meter = Meter(report)
    with tempfile.TemporaryDirectory() as directory:
        growth_config.measure(meter, Path(directory) / "project", stages)
        with World.up(Path(directory) / "world", report=report) as world:
            growth_among.measure(meter, world, Path(directory) / "project", stages, topics)
    return meter.rows


def table(rows: Sequence[Row]) -> Iterator[str]:
    """The rows as lines of Markdown: an operation in each, the sizes side by side."""
    grown = {(each.operation, each.of): each for each in growth(rows)}
    for of in dict.fromkeys(row.of for row in rows):
        some = [row for row in rows if row.of == of]
        sizes = sorted({row.size for row in some})
        yield f"| operation | {' | '.join(f'{size:,} {of}' for size in sizes)} | cost per item |"
        yield f"| --- |{' --- |' * (len(sizes) + 1)}"
        for operation in dict.fromkeys(row.operation for row in some):
            at = {row.size: row for row in some if row.operation == operation}
            cells = [_cell(at[size]) if size in at else "" for size in sizes]
            ratio = grown.get((operation, of))
            rise = "" if ratio is None else f"× {ratio.seconds:.2f}, calls × {ratio.calls:.2f}"
            yield f"| {operation} | {' | '.join(cells)} | {rise} |"
        yield ""


def _cell(row: Row) -> str:
    counted = [f"{count} {what}" for count, what in ((row.aws, "AWS"), (row.kafka, "Kafka")) if count]
    return ", ".join([f"{row.seconds:.2f} s", *counted])


def _line(row: Row) -> str:
    calls = ", ".join(f"{count} {name}" for name, count in row.calls.items())
    return f"{row.size} {row.of}: {row.operation}: {row.seconds:.2f} s; {calls or 'no calls'}"


def main() -> None:
    """Print the tables; exit status 1 when a cost per item rises by more than the limit."""
    rows = measure(report=_show)
    for line in table(rows):
        _show(line)
    steep = [each for each in growth(rows) if not each.linear]
    for each in steep:
        _show(
            f"{each.operation}: the cost per item of {each.of} rises by {each.seconds:.2f} in seconds and "
            f"{each.calls:.2f} in calls from the middle size to the largest; at most {LIMIT} is allowed"
        )
    sys.exit(bool(steep))


def _show(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
