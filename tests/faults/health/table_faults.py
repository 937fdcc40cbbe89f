"""A captured table that goes, at a stage whose heartbeat asks for every one of them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.domain.health.causes import HEARTBEAT_REFUSED
from connector.local import schema
from tests.faults.health.fault_scenario import FaultScenario, Wanted
from tests.faults.health.tables import drop, restore
from tests.faults.health.watched_stage import WatchedStage
from tests.faults.report import Row
from tests.support.project import copy_project, set_settings
from tests.support.sceptre_cli import sceptre
from tests.support.wms_cli import wms_connector

_BEATS = "WMSCDC.HEARTBEAT"


def table_dropped_with_heartbeat_table(under_test: WatchedStage) -> Row:
    """The heartbeat's statement fails, and the task; fixed as the mail says, by the table and a restart."""
    scenario = FaultScenario(under_test, "table dropped, at a stage with a heartbeat table")
    wanted = Wanted("ConnectorTaskFailed", "database rights", skipped="table-dropped")

    @contextmanager
    def dropped() -> Iterator[None]:
        drop(under_test.world.database)
        try:
            under_test.until_the_log_says(HEARTBEAT_REFUSED)
            under_test.wait_for_states("RUNNING", "FAILED")
            yield
        finally:
            restore(under_test.world.database)
            under_test.connect("POST", "/restart?includeTasks=true")
            # The next check is minutes away, and looks back for less.
            under_test.until_the_log_is_silent(HEARTBEAT_REFUSED, 61)
            done = wms_connector(under_test.world.env(), "acknowledge", under_test.stage.name)
            scenario.expect(f"acknowledge: {done.stderr}", holds=done.status == 0)

    with _beating(under_test, scenario):
        row = scenario.run(dropped, wanted)
        scenario.expect(f"{under_test.restarts()} restarts", holds=under_test.restarts() == 0)
    return row


@contextmanager
def _beating(under_test: WatchedStage, scenario: FaultScenario) -> Iterator[None]:
    """The stage with a heartbeat table of the DBA's; without one again afterwards."""
    with under_test.world.database.sys() as session:
        session.execute(
            f"CREATE TABLE {_BEATS} (ID NUMBER(1) PRIMARY KEY, BEAT_TS TIMESTAMP(6) WITH TIME ZONE)"
        )
        session.execute(f"INSERT INTO {_BEATS} (ID, BEAT_TS) VALUES (1, CURRENT_TIMESTAMP)")
        session.execute(f"ALTER TABLE {_BEATS} ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS")
        session.execute(f"GRANT SELECT, FLASHBACK, UPDATE ON {_BEATS} TO {schema.CDC}")
    with tempfile.TemporaryDirectory() as directory:
        project = copy_project(Path(directory) / "project")
        set_settings(project, under_test.stage.name, connector={"heartbeat_table": _BEATS})
        run = sceptre(under_test.world.env(), "launch", under_test.stage.name, "--yes", project=project)
        scenario.expect(f"launch ends with {run.last_line}", holds=run.status == 0)
        try:
            yield
        finally:
            run = sceptre(under_test.world.env(), "launch", under_test.stage.name, "--yes")
            scenario.expect(f"launch ends with {run.last_line}", holds=run.status == 0)
            under_test.rest()
            with under_test.world.database.sys() as session:
                session.execute(f"DROP TABLE {_BEATS}")
