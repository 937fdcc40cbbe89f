"""What `make bench` measures, part by part. Each part answers rows that JSON can hold."""

import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from connector.domain.capture.settings import ConnectorSettings
from connector.local import schema
from tests.bench import delay, growth, poller, product, rest, throughput
from tests.bench import rows as made_up
from tests.bench.rig import Rig, rig
from tests.bench.ways import COMPRESSIONS, DEFAULTS, OURS, POLLS, SETTINGS, Way

Rows = list[dict[str, Any]]
#: Rows of the first snapshot and of the catch-up -> how often each is measured.
SIZES = {10_000: 3, 100_000: 3, 1_000_000: 1}
#: Of the comparison of settings.
_SETTING_ROWS, _SETTING_RATE, _SETTING_SECONDS, _SETTING_WARM_SECONDS = 20_000, 200, 15, 10


def say(line: str) -> None:
    """Progress."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def delays(directory: Path) -> Rows:
    """Delay by rate: ours, the defaults, and the poller."""
    found: Rows = []
    with rig(directory) as one:
        _warm_broker(one)
        for way in (OURS, DEFAULTS):
            with one.running(way) as running:
                delay.warm_up(one, running)
                found += [_said(delay.measure(one, running, rate)) for rate in delay.RATES]
        found += [_said(each) for each in _polled(one)]
    return found


def _warm_broker(one: Rig) -> None:
    """Let the broker's JVM compile its part before the first way is measured."""
    with one.running(DEFAULTS) as running:
        delay.warm_up(one, running)


def _polled(one: Rig) -> list[delay.Delay]:
    topic = "polled.rows"
    one.make_topic(topic)
    with poller.poller(one.world.database, one.bootstrap, topic) as pid:
        return [delay.measure_topics(one, "polling", [topic], pid=pid, rate=rate) for rate in delay.RATES]


def snapshots(directory: Path) -> Rows:
    """First snapshot by size: ours and the defaults in turn."""
    found: Rows = []
    for rows, times in SIZES.items():
        with rig(directory / str(rows)) as one:
            made_up.insert(one.world.database, schema.TABLES, rows)
            for _ in range(times):
                found += [_said(throughput.snapshot(one, way, rows)) for way in (OURS, DEFAULTS)]
    return found


def catch_ups(directory: Path) -> Rows:
    """Catch-up by size: ours and the defaults in turn, of the same backlog."""
    found: Rows = []
    for rows, times in SIZES.items():
        with rig(directory / str(rows)) as one:
            for _ in range(times):
                found += map(_said, throughput.catch_up(one, (OURS, DEFAULTS), rows))
    return found


def envelopes(directory: Path) -> Rows:
    """Bytes of an event and rows a second, with each envelope and each compression."""
    found: Rows = []
    with rig(directory) as one:
        made_up.insert(one.world.database, schema.TABLES, _SETTING_ROWS)
        for envelope in ("schema", "plain"):
            for name, lines in COMPRESSIONS.items():
                way = Way(f"{envelope}, {name}", lines, settings=ConnectorSettings(envelope=envelope))
                found.append(_said(throughput.snapshot(one, way, _SETTING_ROWS)))
    return found


def settings(directory: Path) -> Rows:
    """Snapshot and delay with one setting after the other changed, of the same rows."""
    found: Rows = []
    with rig(directory) as one:
        made_up.insert(one.world.database, schema.TABLES, _SETTING_ROWS)
        _warm_broker(one)
        for way in (OURS, DEFAULTS, *SETTINGS, replace(OURS, name="ours, once more")):
            _as_before(one)
            with one.running(way, until_streaming=False) as running:
                run = throughput.measure(one, running, "snapshot", _SETTING_ROWS)
                running.until_streaming()
                delay.measure(one, running, delay.RATES[-1], _SETTING_WARM_SECONDS)
                seen = delay.measure(one, running, _SETTING_RATE, _SETTING_SECONDS)
            say(f"  {run}\n  {seen}")
            found.append({"way": way.name, "snapshot": asdict(run), "delay": asdict(seen)})
    return found


def _as_before(one: Rig) -> None:
    """Take away the rows that the delay was measured with."""
    owner, table = delay.TABLE
    with one.world.database.app() as session:
        session.execute(f'TRUNCATE TABLE "{owner}"."{table}"')
    made_up.insert(one.world.database, [delay.TABLE], _SETTING_ROWS // len(schema.TABLES))


def at_rest(directory: Path) -> Rows:
    """Idle connectors: ours, the defaults, and other intervals of the poll, side by side."""
    ways = (OURS, DEFAULTS, *POLLS)
    with rig(directory) as one, ExitStack() as stack:
        running = [stack.enter_context(one.running(way)) for way in ways]
        return [_said(found) for found in rest.measure(one, running)]


def of_the_product(directory: Path) -> Rows:
    """Single figures: the zip, what starts, launches, teardowns."""
    return [_said(figure) for figure in product.all_figures(directory)]


def with_growth(directory: Path) -> Rows:
    """What operations cost as stages and topics grow."""
    del directory
    return [asdict(row) for row in growth.measure(report=say)]


def _said(what: Any) -> dict[str, Any]:
    say(f"  {what}")
    return asdict(what)


#: Name -> what runs it.
PARTS: Mapping[str, Callable[[Path], Rows]] = {
    "delay": delays,
    "snapshot": snapshots,
    "catch-up": catch_ups,
    "envelope": envelopes,
    "settings": settings,
    "rest": at_rest,
    "product": of_the_product,
    "growth": with_growth,
}
