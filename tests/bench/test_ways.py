"""The ways that the benchmarks compare differ in speed alone, and what is measured is summed up rightly."""

import json
from pathlib import Path

import pytest

from connector.domain.capture.config import connector_config
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.database import parse_database
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.stage.stage import Stage
from tests.bench import goals, page, ways
from tests.bench.delay import Percentiles, Seen, summary
from tests.bench.worker_home import changed, with_properties

_IMAGE = Path(__file__).parents[2] / "connector" / "image"
_WORKER = (_IMAGE / "conf" / "worker.properties").read_text(encoding="utf-8")
_INFO = json.dumps({"ip": "10.0.0.1", "port": 1521, "db": "CDB1", "user": "u", "password": "p"})


def _config() -> dict[str, str]:
    stored = StoredSecret("wms/main/dbInfo", "arn", "v1", Redacted(_INFO))
    return dict(
        connector_config(
            Stage.parse("main"), parse_database(stored), KafkaAuth.PLAINTEXT, ConnectorSettings()
        )
    )


def test_the_defaults_lack_what_the_product_sets_for_speed_and_nothing_else():
    left = changed(_WORKER, ways.DEFAULTS.worker)
    gone = set(_WORKER.splitlines()) - set(left.splitlines())
    assert {line.partition("=")[0] for line in gone} == set(ways.WORKER_TUNING)
    assert "exactly.once.source.support=enabled" in left
    assert set(ways.CONNECTOR_TUNING) <= set(_config())
    assert "exactly.once.support" not in ways.DEFAULTS.connector
    assert "internal.log.mining.transaction.snapshot.boundary.mode" not in ways.DEFAULTS.connector


@pytest.mark.parametrize("way", ways.SETTINGS, ids=lambda way: way.name)
def test_each_compared_setting_differs_from_ours(way: ways.Way):
    config = _config()
    script = (_IMAGE / "bin" / "entrypoint.sh").read_text(encoding="utf-8")
    assert (
        changed(_WORKER, way.worker) != _WORKER
        or way.name == f"compression: {ways.OUR_COMPRESSION}"
        or not way.worker
    )
    assert all(config.get(key) != value for key, value in way.connector.items())
    assert all(text in script for text in way.script)


def test_a_line_is_changed_in_its_place_left_out_or_added():
    text = "# a comment, a=1\na=1\nb=2\n"
    assert changed(text, {"a": "3", "b": None, "c": "4"}) == "# a comment, a=1\na=3\nc=4\n"


def test_a_text_that_the_script_does_not_have_is_said(tmp_path: Path):
    home = tmp_path / "home"
    for name, file in (("bin", "entrypoint.sh"), ("conf", "worker.properties")):
        (home / name).mkdir(parents=True)
        (home / name / file).write_text("exec java -XX:+UseG1GC\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"entrypoint\.sh has no -XX:\+UseZGC"):
        with_properties(home, tmp_path / "made", {}, {"-XX:+UseZGC": ""})


def test_both_parts_of_a_delay_are_told_apart_by_the_time_of_the_record():
    committed = {1: 100.0, 2: 200.0}
    seen = {1: Seen(100.6, 100.5), 2: Seen(201.2, 201.0)}
    found = summary(("ours", 10, 9.9), (0.1, 0.2), committed, seen)
    assert found.whole.p50 == pytest.approx(900)
    assert found.loop is not None
    assert found.loop.p50 == pytest.approx(750)
    assert found.rest is not None
    assert found.rest.p50 == pytest.approx(150)


def test_rows_of_a_poller_have_no_parts():
    found = summary(
        ("polling", 10, 9.9), (0.1, 0.2), {1: 1.0, 2: 1.0}, {1: Seen(2.0, None), 2: Seen(2.0, None)}
    )
    assert (found.loop, found.rest) == (None, None)


def test_percentiles_are_of_all_values():
    found = Percentiles.of([number / 1000 for number in range(1, 102)])
    assert (found.p50, found.p95, found.p99) == pytest.approx((51, 96, 100))


def _delay(way: str, whole: float, rest: float, last: float = 50) -> dict[str, object]:
    return {
        "way": way,
        "rate": 200,
        "achieved": 200.0,
        "rows": 900,
        "whole": {"p50": whole, "p95": whole, "p99": whole},
        "loop": {"p50": whole - rest, "p95": 1.0, "p99": 1.0},
        "rest": {"p50": rest, "p95": rest, "p99": last},
        "worker_share": 0.1,
        "stand_in_share": 0.1,
    }


def test_a_delay_within_all_limits_meets_every_goal():
    found = list(goals.of_delays([_delay("ours", 500, 20), _delay("defaults", 950, 400)]))
    assert [goal.met for goal in found] == [True] * 4


@pytest.mark.parametrize(
    ("ours", "met"),
    [
        (_delay("ours", 500, 26), [False, True, True, True]),
        (_delay("ours", 500, 20, 101), [True, False, True, True]),
        (_delay("ours", 580, 20), [True, True, True, False]),
    ],
)
def test_each_limit_of_the_delay_can_be_missed(ours: dict[str, object], met: list[bool]):
    assert [goal.met for goal in goals.of_delays([ours, _delay("defaults", 950, 400)])] == met


def _run(way: str, seconds: float) -> dict[str, object]:
    shares = {"event_bytes": 500.0, "worker_share": 1.0, "stand_in_share": 0.1}
    return {"way": way, "what": "snapshot", "rows": 1000, "seconds": seconds, **shares}


@pytest.mark.parametrize(("seconds", "met"), [(1.0, True), (1.5, False)])
def test_throughput_is_judged_by_the_medians(seconds: float, met: bool):
    rows = [_run("ours", seconds), _run("ours", seconds), _run("ours", 9), _run("defaults", 1.4)]
    (goal,) = goals.of_runs(rows)
    assert goal.met is met
    assert f"{1.4 / seconds:.2f}" in page.runs(rows)


def test_a_missed_goal_stands_out_on_the_page():
    text = page.verdicts([goals.Goal("a", 2, 1, " ms"), goals.Goal("b", 2, 1, least=True)])
    assert "| a | 2 ms | ≤ 1 ms | **missed** |" in text
    assert "| b | 2 | ≥ 1 | met |" in text
