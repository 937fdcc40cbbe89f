"""docs/benchmarks.md and its pictures, from what the parts have measured."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench import goals, growth
from tests.bench.plots import bars

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "benchmarks.md"
#: Parts whose table is on another page.
ELSEWHERE = {"growth": DOCS / "sizing.md"}
Rows = Sequence[Mapping[str, Any]]


def _rate(run: Mapping[str, Any]) -> float:
    return float(run["rows"] / max(run["seconds"], 0.001))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def milliseconds(part: Mapping[str, float] | None) -> str:
    """p50 / p95 / p99, of whole milliseconds from 10 on."""
    if part is None:
        return ""
    return " / ".join(
        f"{part[key]:.0f}" if part[key] >= 10 else f"{part[key]:.1f}" for key in ("p50", "p95", "p99")
    )


def delays(rows: Rows) -> str:
    """Delay by rate."""
    heads = (
        *("way", "rows/s", "rows", "commit to consumer, ms", "of it before the record is made"),
        *("and after", "worker, cores", "stand-in, cores"),
    )
    return table(
        heads,
        [
            (
                row["way"],
                f"{row['achieved']:,.0f}",
                f"{row['rows']:,}",
                milliseconds(row["whole"]),
                milliseconds(row["loop"]),
                milliseconds(row["rest"]),
                f"{row['worker_share']:.2f}",
                f"{row['stand_in_share']:.2f}",
            )
            for row in rows
        ],
    )


def runs(rows: Rows) -> str:
    """Throughput: the median of a way's runs at each size, and its ratio to the defaults'."""
    by: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        by.setdefault((row["rows"], row["way"]), []).append(row)
    lines = []
    for (count, way), found in by.items():
        rate = median(each["rows"] / each["seconds"] for each in found)
        other = by.get((count, "defaults"), found)
        ratio = rate / median(each["rows"] / each["seconds"] for each in other)
        middle = {
            key: median(each[key] for each in found)
            for key in ("event_bytes", "worker_share", "stand_in_share")
        }
        lines.append(
            (
                f"{count:,}",
                way,
                len(found),
                f"{rate:,.0f}",
                f"{ratio:.2f}",
                f"{middle['event_bytes']:,.0f}",
                f"{middle['worker_share']:.2f}",
                f"{middle['stand_in_share']:.2f}",
            )
        )
    heads = (
        "rows",
        "way",
        "runs",
        "rows/s, median",
        "to the defaults",
        "bytes per event",
        "worker, cores",
        "stand-in, cores",
    )
    return table(heads, lines)


def verdicts(found: Iterable[goals.Goal]) -> str:
    """Each goal, its figure, and whether it is met."""
    return table(
        ("goal", "measured", "wanted", ""),
        [
            (goal.what, f"{goal.value:.3g}{goal.unit}", goal.wanted, "met" if goal.met else "**missed**")
            for goal in found
        ],
    )


def with_earlier(text: str, found: Iterable[goals.Goal]) -> str:
    """The table of goals, in which the page's own lines stay for goals that were not measured now."""
    head, rule, *now = verdicts(found).splitlines()
    before = [line for line in content_of(text, "goals").splitlines() if line.startswith("| ")][2:]
    lines = {line.split(" | ")[0]: line for line in (*before, *now)}
    return "\n".join([head, rule, *lines.values()])


def envelopes(rows: Rows) -> str:
    """Bytes and rows a second of each envelope and compression."""
    heads = ("envelope, compression", "bytes per event", "rows/s", "worker, cores", "stand-in, cores")
    return table(
        heads,
        [
            (
                row["way"],
                f"{row['event_bytes']:,.0f}",
                f"{row['rows'] / row['seconds']:,.0f}",
                f"{row['worker_share']:.2f}",
                f"{row['stand_in_share']:.2f}",
            )
            for row in rows
        ],
    )


def settings(rows: Rows) -> str:
    """One setting after the other."""
    heads = ("changed", "commit to consumer, ms", "after the record is made, ms", "snapshot, rows/s")
    return table(
        (*heads, "bytes per event", "stand-in, cores"),
        [
            (
                f"`{row['way']}`" if "=" in row["way"] else row["way"],
                milliseconds(row["delay"]["whole"]),
                milliseconds(row["delay"]["rest"]),
                f"{_rate(row['snapshot']):,.0f}",
                f"{row['snapshot']['event_bytes']:,.0f}",
                f"{row['snapshot']['stand_in_share']:.2f}",
            )
            for row in rows
        ],
    )


def at_rest(rows: Rows) -> str:
    """What idle workers take."""
    return table(
        ("way", "worker, cores", "memory, MiB", "stand-in, cores"),
        [
            (
                row["way"],
                f"{row['worker_share']:.3f}",
                f"{row['resident_mib']:.0f}",
                f"{row['stand_in_share']:.3f}",
            )
            for row in rows
        ],
    )


def figures(rows: Rows) -> str:
    """Single figures of the product, each with its limit."""
    return table(
        ("what", "measured", "at most"),
        [(row["what"], f"{row['value']:.3g} {row['unit']}", f"{row['limit']:g}") for row in rows],
    )


def growing(rows: Rows) -> str:
    """Each operation at each size."""
    return "\n".join(growth.table([growth.Row(**row) for row in rows])).rstrip()


#: Part -> its table, its goals.
TABLES: Mapping[str, Callable[[Rows], str]] = {
    "delay": delays,
    "snapshot": runs,
    "catch-up": runs,
    "envelope": envelopes,
    "settings": settings,
    "rest": at_rest,
    "product": figures,
    "growth": growing,
}
_GOALS: Mapping[str, Callable[[Rows], Iterable[goals.Goal]]] = {
    "delay": goals.of_delays,
    "snapshot": goals.of_runs,
    "catch-up": goals.of_runs,
    "rest": goals.of_rest,
    "product": goals.of_figures,
    "growth": goals.of_growth,
}


def goals_of(found: Mapping[str, Mapping[str, Any]]) -> list[goals.Goal]:
    """The goals of all parts that were measured."""
    return [goal for part, made in found.items() if part in _GOALS for goal in _GOALS[part](made["rows"])]


def write(found: Mapping[str, Mapping[str, Any]]) -> None:
    """Put each part's table between its marks in the docs, and draw the pictures anew."""
    for part, made in found.items():
        origin = f"Measured on {made['date']} by `make bench PARTS={part}`: {made['machine']}."
        _put(ELSEWHERE.get(part, PAGE), part, f"{origin}\n\n{TABLES[part](made['rows'])}")
    _put(PAGE, "goals", with_earlier(PAGE.read_text("utf-8"), goals_of(found)))
    pictures(found)


def _put(page: Path, part: str, content: str) -> None:
    page.write_text(with_content(page.read_text(encoding="utf-8"), part, content), encoding="utf-8")


def with_content(text: str, part: str, content: str) -> str:
    """The page with other content between a part's marks. ValueError if it has none."""
    head, _, tail = _split(text, part)
    return f"{head}\n\n{content}\n\n{tail}"


def content_of(text: str, part: str) -> str:
    """What the page has between a part's marks. ValueError if it has none."""
    return _split(text, part)[1]


def _split(text: str, part: str) -> tuple[str, str, str]:
    begin, end = f"<!-- measured: {part} -->", "<!-- end -->"
    head, mark, rest = text.partition(begin)
    content, closing, tail = rest.partition(end)
    if not mark or not closing:
        raise ValueError(f"the page has no {begin} … {end}")
    return f"{head}{begin}", content, f"{end}{tail}"


def pictures(found: Mapping[str, Mapping[str, Any]]) -> None:
    """Delay by rate, and throughput by setting."""
    if "delay" in found:
        rows = found["delay"]["rows"]
        rates = list(dict.fromkeys(row["rate"] for row in rows))
        series = {
            f"{way}, {quantile}": [
                next(row["whole"][quantile] for row in rows if (row["way"], row["rate"]) == (way, rate))
                for rate in rates
            ]
            for way in dict.fromkeys(row["way"] for row in rows)
            for quantile in ("p50", "p99")
        }
        labels = [f"{rate:,} rows/s" for rate in rates]
        bars(DOCS / "benchmark-delay.svg", "From commit to consumer", "ms", labels, series)
    if "settings" in found:
        rows = found["settings"]["rows"]
        series = {"snapshot": [_rate(row["snapshot"]) for row in rows]}
        ways = [row["way"].replace("producer.", "") for row in rows]
        bars(DOCS / "benchmark-settings.svg", "Throughput by setting", "rows/s", ways, series, lying=True)
