"""What a DBA and the stage's operator tick off for one environment, as Markdown. Pure.

docs/wms-config-details.md has the list of each named stage; a test keeps it up to date.
"""

from dataclasses import dataclass

from connector.domain.capture.oracle_script import TABLE_GRANTS, OracleScript
from connector.domain.secrets.fallback import DEFAULT_PREFIX
from connector.domain.secrets.secrets import DB_INFO
from connector.domain.stage.stage import Stage

#: Debezium 3.6's tested databases: debezium.io/releases/3.6, "Tested Versions" (debezium.github.io,
#: _data/releases/3.6/series.yml, of 2026). The right LOGMINING is there from Oracle 12c on.
TESTED = ("19c", "21c", "23ai", "26ai")
OLDEST = TESTED[0]


@dataclass(frozen=True)
class Point:
    """One thing to tick off: what must be so, and how to see that it is."""

    what: str
    proof: str


@dataclass(frozen=True)
class DbaChecklist:
    """The list for one stage. `archived_log_hours` is the stage's setting; 0 while it is not known."""

    stage: Stage
    script: OracleScript
    archived_log_hours: int = 0
    secret_prefix: str = DEFAULT_PREFIX

    @property
    def points(self) -> tuple[Point, ...]:
        """Everything that must be so before the first launch, in order."""
        return (
            Point(
                f"Oracle Database {OLDEST} or later: Debezium 3.6 is tested with {', '.join(TESTED)}",
                "`SELECT version_full FROM product_component_version;` (18c and later)",
            ),
            *(self._log_points() if self.script.kind == "debezium" else ()),
            Point(
                "The user exists, with the rights in the script and no others",
                f"`wms-connector oracle-script {self.stage.name}`, part 6",
            ),
            *self._heartbeat(),
            Point(
                f"User and password are in the secret `{self.secret_prefix}/{self.stage.name}/{DB_INFO}` or "
                f"`{self.secret_prefix}/default/{DB_INFO}`, and nowhere else",
                f"`wms-connector secret-script {self.stage.name} --secret {DB_INFO}`",
            ),
            Point(
                "The listener's port is open from the stage's subnets",
                f"after the launch: `wms-connector status {self.stage.name}`, row database",
            ),
            Point(
                "The password does not expire unnoticed: its date is in somebody's calendar",
                "`SELECT account_status, expiry_date FROM dba_users WHERE username = UPPER('...');`",
            ),
        )

    def _log_points(self) -> tuple[Point, ...]:
        tables = len(self.script.tables)
        kept = f"{self.archived_log_hours} hours" if self.archived_log_hours else "48 hours or more"
        return (
            Point("The database is in ARCHIVELOG mode", "`SELECT log_mode FROM v$database;`: ARCHIVELOG"),
            Point(
                f"Archived redo log is kept {kept}, and that figure is the stage's setting "
                "`connector.archived_log_hours`",
                "the retention policy of RMAN, or of the recovery area",
            ),
            Point(
                "Minimal supplemental logging is on",
                "`SELECT supplemental_log_data_min FROM v$database;`: YES or IMPLICIT",
            ),
            Point(
                f"Supplemental logging of (ALL) COLUMNS is on for the {tables} tables: "
                + ", ".join(f"`{schema}.{table}`" for schema, table in self.script.tables),
                f"the query in part 6 of the script: {tables} lines, and {tables * len(TABLE_GRANTS)} rights",
            ),
        )

    def _heartbeat(self) -> tuple[Point, ...]:
        table = self.script.heartbeat_table
        if not table:
            return ()
        rows = f"`SELECT COUNT(*) FROM {table};`: 1"  # noqa: S608 - text only
        return (Point(f"The heartbeat table `{table}` has its one row", rows),)

    def text(self) -> str:
        """The list as Markdown, ending with a newline."""
        lines = [f"### Checklist for `{self.stage.name}`", ""]
        for point in self.points:
            lines += [f"- [ ] {point.what}.", f"      Check: {point.proof}."]
        lines += ["", "DBA: ____________________  date: __________   operator: ____________________"]
        return "\n".join(lines) + "\n"
