"""What the version before this one stored is read under its names, and written under those of now."""

from decimal import Decimal
from typing import Any

import pytest

from connector.domain.diagnosis.classes import UNKNOWN
from connector.domain.health.drills import KEY, parse
from connector.domain.health.error_classes import ARCHIVED_LOG_EXPIRING, HEARTBEAT_TABLE_STALE, LAGGING, named
from connector.domain.health.finding import Finding
from connector.domain.health.new_findings import find_new
from connector.domain.health.old_names import ERROR_CLASSES, FIELDS, error_class, up_to_date
from connector.domain.health.state import HealthState, Incident

#: As DynamoDB returns it. Written by the version before this one, in the middle of an incident.
BEFORE: dict[str, Any] = {
    "id": "health-memory",
    "version": Decimal(7),
    "streaks": {"ReplicationLagSeconds": Decimal(3), "ScnHeadroomMinutes/archived-log-expiring": Decimal(1)},
    "unknown_streak": Decimal(1),
    "idle_since": None,
    "failed_since": Decimal(90),
    "lags": [[Decimal(100), Decimal(1200)]],
    "position": [Decimal(100), Decimal(4000)],
    "tried": ["restarted the failed connector or task"],
    "refused": "untold",
    "incident": {
        "since": Decimal(80),
        "title": "ReplicationLagSeconds",
        "told": [
            ["ReplicationLagSeconds", "late"],
            ["AutoRestartBudgetExceeded", ""],
            ["SourceDisconnected", "untold"],
        ],
    },
}


def test_an_item_of_the_version_before_is_read_under_the_names_of_now():
    assert HealthState.from_item(BEFORE) == HealthState(
        # It counted checks: grace times begin anew.
        found_since={},
        unknown_since=None,
        failed_since=90,
        lags=((100, 1200),),
        tried=("restarted the failed connector or task",),
        refused="no-session",
        incident=Incident(
            80,
            "ReplicationLagSeconds",
            (
                ("ReplicationLagSeconds", "lag"),
                ("AutoRestartBudgetExceeded", ""),
                ("SourceDisconnected", "no-session"),
            ),
        ),
        version=7,
    )


def test_nobody_is_mailed_again_about_what_an_open_incident_has_named_under_its_old_class():
    incident = HealthState.from_item(BEFORE).incident
    assert incident is not None
    late = Finding.failed("ReplicationLagSeconds", "1300 s behind the database", LAGGING, 1300)
    assert find_new([late], incident, ((100, 1200), (200, 1300))) == []
    # One of a class that it has not named is new, as before.
    near = Finding.failed("ScnHeadroomMinutes", "nearly gone", ARCHIVED_LOG_EXPIRING, 5)
    assert find_new([late, near], incident, ((100, 1200), (200, 1300))) == [near]


def test_what_is_written_holds_no_old_name():
    written = HealthState.from_item(BEFORE).next().to_item()
    assert not set(FIELDS) & {*written, *written["incident"]}
    assert not any(
        old in str(written).replace("'position': None", "") for old in ERROR_CLASSES if old != "late"
    )
    assert HealthState.from_item(written) == HealthState.from_item(BEFORE).next()


@pytest.mark.parametrize(("old", "new"), ERROR_CLASSES.items())
def test_an_old_class_is_the_class_that_has_its_name_now(old: str, new: str):
    assert named(old).name == new
    assert named(old) is named(new)
    assert named(new) is not UNKNOWN
    assert error_class(new) == new
    # A command of the version before asks for a drill under the old name.
    assert parse({KEY: old}).name == new


def test_the_class_of_the_heartbeat_table_is_read_under_both_names():
    assert named("unread") is HEARTBEAT_TABLE_STALE


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"found_since": 5, "incident": "x", "refused": 7},
        {"incident": {"told": 5}},
        {"incident": {"told": [5, ["a"], ["a", 5], ["a", "late", "b"]]}},
    ],
)
def test_an_item_that_makes_no_sense_is_left_to_its_reader(item: dict[str, Any]):
    assert set(up_to_date(item)) == set(item)
    assert HealthState.from_item(item) == HealthState()
