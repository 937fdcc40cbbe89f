"""A captured table that goes, at a stage whose heartbeat asks for every one of them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from connector.domain.health.causes import HEARTBEAT_REFUSED
from connector.local import schema
from tests.faults.health.course import Course, Wanted
from tests.faults.health.patient import Patient
from tests.faults.report import Row
from tests.support.project import copy_project, set_settings
from tests.support.sceptre_cli import sceptre

_TABLE = ("WMS", schema.REVISION)
_BEATS = "BEATS.HEARTBEAT"


def table_dropped_with_heartbeat_table(patient: Patient) -> Row:
    """Found and told while it is gone; mended as the mail says, by the table and a restart."""
    course = Course(patient, "table dropped, at a stage with a heartbeat table")
    wanted = Wanted("HeartbeatMissing", "database rights")

    @contextmanager
    def dropped() -> Iterator[None]:
        with patient.world.database.admin() as connection:
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(*_TABLE)))
        try:
            patient.until_the_log_says(HEARTBEAT_REFUSED)
            yield
        finally:
            with patient.world.database.admin() as connection, connection.transaction():
                schema.create_table(connection, *_TABLE)
            # The stand-in's connector has taken the table out of its publication meanwhile.
            patient.connect("POST", "/restart?includeTasks=true")
            # The next check is minutes away, and looks back for less.
            patient.until_the_log_is_silent(HEARTBEAT_REFUSED, 61)

    with _beating(patient, course):
        row = course.run(dropped, wanted)
        course.expect(f"{patient.restarts()} restarts", holds=patient.restarts() == 0)
    return row


@contextmanager
def _beating(patient: Patient, course: Course) -> Iterator[None]:
    """The stage with a heartbeat table of the DBA's; without one again afterwards."""
    with patient.world.database.admin() as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS beats")
        connection.execute("CREATE TABLE beats.heartbeat (id int PRIMARY KEY, beat_ts timestamptz)")
        connection.execute("INSERT INTO beats.heartbeat VALUES (1, now())")
        connection.execute(f"ALTER TABLE beats.heartbeat OWNER TO {schema.OWNERS}")
        connection.execute(f"GRANT USAGE ON SCHEMA beats TO {schema.CDC}")
    with tempfile.TemporaryDirectory() as directory:
        project = copy_project(Path(directory) / "project")
        set_settings(project, patient.stage.name, connector={"heartbeat_table": _BEATS})
        run = sceptre(patient.world.env(), "launch", patient.stage.name, "--yes", project=project)
        course.expect(f"launch ends with {run.last_line}", holds=run.status == 0)
        try:
            yield
        finally:
            run = sceptre(patient.world.env(), "launch", patient.stage.name, "--yes")
            course.expect(f"launch ends with {run.last_line}", holds=run.status == 0)
            patient.rest()
            with patient.world.database.admin() as connection:
                connection.execute("DROP SCHEMA beats CASCADE")
