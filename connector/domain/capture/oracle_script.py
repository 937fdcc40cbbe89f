"""What a DBA runs so that a stage can capture: SQL*Plus text for exactly the captured tables.

Nothing here connects to a database. docs/wms-config-details.md contains the text; a test keeps it up to date.
User names and passwords are confidential: the script takes them from SQL*Plus variables and never contains
them.
"""

import re
from dataclasses import dataclass

from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import CAPTURED_TABLES, JDBC_TABLES


@dataclass(frozen=True)
class Right:
    """A system privilege or a role that the connector's user gets.

    `statement`: how a statement of the connector begins that is refused without the right
    (docs/reference/oracle-statements.txt); empty where the stand-in for Oracle needs the right for none.
    `document`: the page that demands it.
    """

    name: str
    why: str
    statement: str
    document: str


#: What Debezium 3.6 with LogMiner uses. A right without a statement and without a document is not asked for.
SYSTEM_GRANTS: tuple[Right, ...] = (
    Right("CREATE SESSION", "log in", "", "Oracle, Database Error Messages, ORA-01045"),
    Right(
        "LOGMINING",
        "start a LogMiner session",
        "BEGIN sys.dbms_logmnr.start_logmnr(",
        "Oracle, Database Utilities 12.1, Directing LogMiner Operations; Database Reference 19c, "
        "V$LOGMNR_CONTENTS",
    ),
    Right(
        "SELECT ANY TRANSACTION",
        "read V$LOGMNR_CONTENTS",
        "SELECT SCN, SQL_REDO, OPERATION_CODE,",
        "Oracle, Database Reference 11.1, V$LOGMNR_CONTENTS; that of 19c asks for LOGMINING instead. "
        "Debezium's Oracle page, Creating users, calls it required, and optional from 12c on",
    ),
    Right(
        "SELECT_CATALOG_ROLE",
        "read the dictionary and, by DBMS_METADATA, the definition of the captured tables",
        "SELECT dbms_metadata.get_ddl(",
        "Oracle, Database Utilities 12.1, Using the DBMS_METADATA API to Retrieve an Object's Metadata",
    ),
    Right(
        "EXECUTE_CATALOG_ROLE",
        "use LogMiner's packages and V$LOGMNR_CONTENTS",
        "",
        "Oracle, Database Utilities 12.1, Directing LogMiner Operations; PL/SQL Packages and Types "
        "Reference, DBMS_LOGMNR, Security Model",
    ),
    Right(
        "CREATE TABLE",
        "make the flush table LOG_MINING_FLUSH in the user's own schema",
        'CREATE TABLE "LOG_MINING_FLUSH"',
        "Oracle, SQL Language Reference 21c, CREATE TABLE, Prerequisites",
    ),
)
#: Needed besides in a container database: the session moves between the root and the pluggable database.
CONTAINER_GRANTS: tuple[Right, ...] = (
    Right(
        "SET CONTAINER",
        "move between root and pluggable database",
        "alter session set container=",
        "Debezium's Oracle page, Creating users",
    ),
)
#: Packages of SYS.
PACKAGES = ("DBMS_LOGMNR",)
#: Views that the plugin queries with our settings. tests/oracle_config/test_oracle_rights.py lists those that
#: it names and does not query, each with the reason. SELECT_CATALOG_ROLE covers these views too, but a role
#: does not count inside definer's-rights code and is often taken away by an audit.
VIEWS = (
    "V_$DATABASE",
    "V_$LOG",
    "V_$LOGFILE",
    "V_$LOGMNR_LOGS",
    "V_$LOGMNR_CONTENTS",
    "V_$LOGMNR_PARAMETERS",
    "V_$ARCHIVED_LOG",
    "V_$ARCHIVE_DEST_STATUS",
    "V_$THREAD",
    "V_$TRANSACTION",
    "V_$PARAMETER",
    "V_$MYSTAT",
    "V_$STATNAME",
)
#: On each captured table: SELECT reads and lets it be locked in ROW SHARE MODE, FLASHBACK reads it as of the
#: snapshot's moment (AS OF SCN).
TABLE_GRANTS = ("SELECT", "FLASHBACK")

TABLESPACE = "LOGMINER_TBS"
_GRANTED = re.compile(r"^GRANT (.+) TO &dbz_user", re.MULTILINE)


@dataclass(frozen=True)
class OracleScript:
    """The script's parts.

    `container` says whether WMS is in a pluggable database, `heartbeat_table` is the stage's setting.
    """

    kind: str = "debezium"
    container: bool = False
    heartbeat_table: str = ""

    @property
    def tables(self) -> tuple[tuple[str, str], ...]:
        """The tables that this kind of connector reads."""
        return CAPTURED_TABLES if self.kind == "debezium" else JDBC_TABLES

    def text(self, stage: Stage) -> str:
        """The whole script for one stage, ending with a newline."""
        parts = [_header(stage, self), self.variables()]
        if self.kind == "debezium":
            parts += [self.logging(), self.tablespace()]
        parts += [self.user()]
        if self.kind == "debezium":
            parts += [self.system_grants()]
        parts += [self.table_statements()]
        if self.heartbeat_table:
            parts += [self.heartbeat_statements()]
        parts += [self.checks()]
        return "\n\n".join(parts) + "\n"

    @property
    def grants(self) -> tuple[str, ...]:
        """What the statements grant to the user, one right each, in their order."""
        found = [self.user(), self.table_statements()]
        if self.kind == "debezium":
            found.insert(1, self.system_grants())
        if self.heartbeat_table:
            found.append(self.heartbeat_statements())
        granted = (text.partition(" ON ") for text in _GRANTED.findall("\n".join(found)))
        return tuple(f"{each}{on}{what}" for rights, on, what in granted for each in rights.split(", "))

    def variables(self) -> str:
        """What the DBA fills in; SQL*Plus asks for the password, so that it is in no file."""
        lines = ["-- Fill in. A common user's name starts with C##." if self.container else "-- Fill in."]
        lines += [f"DEFINE dbz_user = '{'C##WMSCDC' if self.container else 'WMSCDC'}'"]
        if self.kind == "debezium":
            lines += ["DEFINE tbs_file = '/path/of/logminer_tbs.dbf'"]
        if self.container:
            lines += ["DEFINE wms_pdb = 'name of the pluggable database'"]
            if self.kind == "debezium":
                lines += ["DEFINE tbs_file_pdb = '/path/of/pdb/logminer_tbs.dbf'"]
        # Without this SQL*Plus shows each line after substitution, with the password.
        lines += ["SET VERIFY OFF"]
        return "\n".join([*lines, "ACCEPT dbz_password CHAR PROMPT 'Password of the new user: ' HIDE"])

    def logging(self) -> str:
        """ARCHIVELOG and minimal supplemental logging, which hold for the whole database."""
        return "\n".join(
            [
                "-- 1. The whole database" + (", connected to the root" if self.container else ""),
                "-- ARCHIVELOG: only where the first query says NOARCHIVELOG, for it restarts the database.",
                "SELECT log_mode FROM v$database;",
                "--   ALTER SYSTEM SET db_recovery_file_dest_size = 200G SCOPE=BOTH;",
                "--   ALTER SYSTEM SET db_recovery_file_dest = '/path/of/recovery_area' SCOPE=BOTH;",
                "--   SHUTDOWN IMMEDIATE",
                "--   STARTUP MOUNT",
                "--   ALTER DATABASE ARCHIVELOG;",
                "--   ALTER DATABASE OPEN;",
                "-- Minimal supplemental logging: harmless when it is on already.",
                "ALTER DATABASE ADD SUPPLEMENTAL LOG DATA;",
            ]
        )

    def tablespace(self) -> str:
        """The tablespace of the user and of the flush table."""
        made = f"CREATE TABLESPACE {TABLESPACE} DATAFILE '{{file}}' SIZE 25M AUTOEXTEND ON MAXSIZE 1G;"
        lines = ["-- 2. A tablespace for the user and its flush table", made.format(file="&tbs_file")]
        if self.container:
            lines += [
                "ALTER SESSION SET CONTAINER = &wms_pdb;",
                made.format(file="&tbs_file_pdb"),
                "ALTER SESSION SET CONTAINER = CDB$ROOT;",
            ]
        return "\n".join(lines)

    def user(self) -> str:
        """The user that logs in; its name and password go into the secret dbInfo."""
        place = (
            f"\n  DEFAULT TABLESPACE {TABLESPACE} QUOTA UNLIMITED ON {TABLESPACE}"
            if self.kind == "debezium"
            else ""
        )
        return "\n".join(
            [
                "-- 3. The user",
                f'CREATE USER &dbz_user IDENTIFIED BY "&dbz_password"{place}{self._everywhere};',
                *([] if self.kind == "debezium" else [self._grant("CREATE SESSION")]),
            ]
        )

    def system_grants(self) -> str:
        """Everything but the tables."""
        grants = (*SYSTEM_GRANTS, *(CONTAINER_GRANTS if self.container else ()))
        # SQL*Plus takes no comment behind a semicolon.
        return "\n".join(
            [
                "-- 4. What LogMiner and the connector need beside the tables",
                *(f"-- To {right.why}:\n{self._grant(right.name)}" for right in grants),
                *(self._grant(f"EXECUTE ON {package}") for package in PACKAGES),
                *(self._grant(f"SELECT ON {view}") for view in VIEWS),
            ]
        )

    def table_statements(self) -> str:
        """Supplemental logging and rights for exactly the captured tables."""
        lines = ["-- 5. The tables" + (", in the pluggable database" if self.container else "")]
        if self.container:
            lines += ["ALTER SESSION SET CONTAINER = &wms_pdb;"]
        if self.kind == "debezium":
            lines += ["-- ORA-32588 here means that it is on already."]
            lines += [
                f"ALTER TABLE {schema}.{table} ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS;"
                for schema, table in self.tables
            ]
        rights = ", ".join(TABLE_GRANTS if self.kind == "debezium" else TABLE_GRANTS[:1])
        lines += [f"GRANT {rights} ON {schema}.{table} TO &dbz_user;" for schema, table in self.tables]
        return "\n".join(lines)

    def heartbeat_statements(self) -> str:
        """The table with one row that the connector updates, and reads back through the log."""
        table = self.heartbeat_table
        return "\n".join(
            [
                f"-- The heartbeat table, for all stages that name it (connector.heartbeat_table: {table})",
                f"CREATE TABLE {table} (ID NUMBER(1) PRIMARY KEY, BEAT_TS TIMESTAMP(6) WITH TIME ZONE);",
                f"INSERT INTO {table} (ID, BEAT_TS) VALUES (1, CURRENT_TIMESTAMP);",  # noqa: S608 - text only
                "COMMIT;",
                f"ALTER TABLE {table} ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS;",
                f"GRANT {', '.join((*TABLE_GRANTS, 'UPDATE'))} ON {table} TO &dbz_user;",
            ]
        )

    def checks(self) -> str:
        """Queries that prove each point; the comment says what must come back."""
        if self.kind != "debezium":
            return "\n".join(["-- 6. Proof, logged in as the new user", *self._readable()])
        wanted = ",\n  ".join(f"('{schema}', '{table}')" for schema, table in self.tables)
        root = ["ALTER SESSION SET CONTAINER = CDB$ROOT;"] if self.container else []
        pdb = ["ALTER SESSION SET CONTAINER = &wms_pdb;"] if self.container else []
        return "\n".join(
            [
                "-- 6. Proof, as SYSDBA",
                *root,
                "-- ARCHIVELOG, and YES or IMPLICIT:",
                "SELECT log_mode, supplemental_log_data_min FROM v$database;",
                "-- At least one line:",
                "SELECT dest_name FROM v$archive_dest_status WHERE status = 'VALID' AND type = 'LOCAL';",
                *pdb,
                f"-- {len(self.tables)} lines:",
                "SELECT DISTINCT owner, table_name FROM dba_log_groups",
                "WHERE log_group_type = 'ALL COLUMN LOGGING' AND (owner, table_name) IN (",
                f"  {wanted});",
                f"-- {len(self.tables) * len(TABLE_GRANTS)} lines:",
                "SELECT owner, table_name, privilege FROM dba_tab_privs",
                "WHERE grantee = UPPER('&dbz_user') AND (owner, table_name) IN (",
                f"  {wanted});",
                "-- Then, logged in as the new user, without an error:",
                *self._readable(),
            ]
        )

    def _readable(self) -> list[str]:
        move = ["ALTER SESSION SET CONTAINER = &wms_pdb;"] if self.container else []
        reads = [
            f"SELECT COUNT(*) FROM {schema}.{table} WHERE ROWNUM = 1;"  # noqa: S608 - text, of constants only
            for schema, table in self.tables
        ]
        return [*move, *reads]

    def _grant(self, right: str) -> str:
        return f"GRANT {right} TO &dbz_user{self._everywhere};"

    @property
    def _everywhere(self) -> str:
        return " CONTAINER=ALL" if self.container else ""


def _header(stage: Stage, script: OracleScript) -> str:
    how = "a container database: connect to its root" if script.container else "a database without containers"
    return "\n".join(
        [
            f"-- wms-connector: what stage {stage.name} needs of the WMS database ({script.kind}).",
            f"-- For SQL*Plus as SYSDBA, on {how}. Read it before you run it.",
            "-- All stages of one database share the user, so it is run once per database.",
        ]
    )
