"""What the benchmarks must show, and whether they do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.bench import growth

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Goal:
    """A figure and its limit: at most so much, or at least (`least`)."""

    what: str
    value: float
    limit: float
    unit: str = ""
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is within its limit."""
        return self.value >= self.limit if self.least else self.value <= self.limit

    @property
    def wanted(self) -> str:
        """The limit, for people."""
        return f"{'≥' if self.least else '≤'} {self.limit:g}{self.unit}"


def of_delays(rows: Rows) -> Iterator[Goal]:
    """At 200 rows a second: the part behind the connector's own loop, and the whole."""
    ours, theirs = (
        next(row for row in rows if row["way"] == way and row["rate"] == 200) for way in ("ours", "defaults")
    )
    yield Goal("200 rows/s, after the record is made, p50", ours["rest"]["p50"], 25, " ms")
    yield Goal("200 rows/s, after the record is made, p99", ours["rest"]["p99"], 100, " ms")
    share = ours["rest"]["p50"] / theirs["rest"]["p50"]
    yield Goal("200 rows/s, after the record is made, p50, to the defaults'", share, 0.2)
    yield Goal("200 rows/s, whole p50, to the defaults'", ours["whole"]["p50"] / theirs["whole"]["p50"], 0.6)


def of_runs(rows: Rows) -> Iterator[Goal]:
    """Rows a second, at each size."""
    for count in dict.fromkeys(row["rows"] for row in rows):
        rates = {
            way: median(
                row["rows"] / row["seconds"] for row in rows if (row["way"], row["rows"]) == (way, count)
            )
            for way in ("ours", "defaults")
        }
        what = f"{rows[0]['what']} of {count:,} rows, to the defaults"
        yield Goal(what, rates["ours"] / rates["defaults"], 1.3, least=True)


def of_rest(rows: Rows) -> Iterator[Goal]:
    """The share of a core that the short poll costs."""
    shares = {row["way"]: row["worker_share"] for row in rows}
    yield Goal("at rest, more than the defaults, of a core", shares["ours"] - shares["defaults"], 0.05)


def of_figures(rows: Rows) -> Iterator[Goal]:
    """Figures that have their limit beside them."""
    for row in rows:
        yield Goal(row["what"], row["value"], row["limit"], f" {row['unit']}")


def of_growth(rows: Rows) -> Iterator[Goal]:
    """The steepest rise of what one of many costs, from the middle size to the largest."""
    found = growth.growth([growth.Row(**row) for row in rows])
    for of in dict.fromkeys(each.of for each in found):
        rises = [(max(each.seconds, each.calls), each.operation) for each in found if each.of == of]
        rise, operation = max(rises)
        yield Goal(f"cost of one of many {of}, steepest rise ({operation})", rise, growth.LIMIT, " times")
