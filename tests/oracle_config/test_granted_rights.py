"""Each right that the DBA is asked for has a statement that needs it or a document that demands it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.domain.capture.oracle_script import (
    CONTAINER_GRANTS,
    PACKAGES,
    SYSTEM_GRANTS,
    TABLE_GRANTS,
    VIEWS,
    OracleScript,
    Right,
)
from connector.domain.stage.stage import Stage
from connector.local import schema
from connector.local.database import LocalDatabase
from connector.local.oracle.answers import connector
from connector.local.oracle.errors import OracleError
from connector.local.oracle.process import SERVICE
from tests.oracle_config import dba_page
from tests.oracle_config.kept_statements import KEPT, bound, lines
from tests.support.oracle_stand_in import served
from tests.support.sqlplus import SqlPlus, SqlPlusError

RIGHTS = (*SYSTEM_GRANTS, *CONTAINER_GRANTS)
#: Without the right: ORA-01031, and ORA-31603 of DBMS_METADATA.
_MISSING = r"ORA-(01031|31603)"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[LocalDatabase]:
    with served(tmp_path) as made:
        yield made


def _refused(database: LocalDatabase) -> list[SqlPlusError]:
    """What the database refuses when the DBA's page is run to its end."""
    refused = []
    with dba_page.session(database) as client:
        sqlplus = SqlPlus(client, bound)
        for block in dba_page.blocks(dba_page.PAGE.read_text(encoding="utf-8")):
            try:
                list(sqlplus.run(block))
            except SqlPlusError as error:
                refused.append(error)
    return refused


@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: right.name)
def test_a_right_has_its_document_and_its_statement_is_one_that_is_sent(right: Right) -> None:
    assert right.document
    assert not right.statement or [
        one for one in lines(KEPT.read_text(encoding="utf-8")) if one.startswith(right.statement)
    ]


@pytest.mark.parametrize("right", [one for one in RIGHTS if one.statement], ids=lambda right: right.name)
def test_without_a_right_its_statement_is_refused(database: LocalDatabase, right: Right) -> None:
    assert _refused(database) == []
    with database.sys(SERVICE) as dba:
        dba.execute(f"REVOKE {right.name} FROM {schema.CDC}")
    missed = [one.sql.upper() for one in _refused(database) if re.match(_MISSING, str(one))]
    assert [sql for sql in missed if sql.startswith(_on_the_page(right.statement))]


def _on_the_page(statement: str) -> str:
    return statement.replace("LOG_MINING_FLUSH", "LOG_MINING_FLUSH_CHECK").upper()


def test_without_create_session_nobody_logs_in(database: LocalDatabase) -> None:
    with database.sys(SERVICE) as dba:
        dba.execute(f"REVOKE CREATE SESSION FROM {schema.CDC}")
    with pytest.raises(OracleError, match="ORA-01045"):
        dba_page.session(database)


def test_the_stand_in_needs_no_execute_catalog_role_beside_the_grant_on_the_package(
    database: LocalDatabase,
) -> None:
    """docs/wms-config-details.md says so: only Oracle's documents ask for it."""
    assert [one.name for one in RIGHTS if not one.statement] == ["CREATE SESSION", "EXECUTE_CATALOG_ROLE"]
    with database.sys(SERVICE) as dba:
        dba.execute(f"REVOKE EXECUTE_CATALOG_ROLE FROM {schema.CDC}")
    assert _refused(database) == []


def test_every_right_that_a_statement_needs_is_granted() -> None:
    needed = {right for statement in connector.statements for right in statement.rights}
    assert needed <= {right.name for right in RIGHTS}


def test_the_script_grants_nothing_without_a_reason() -> None:
    """Read from the script itself, so that a GRANT that is written anywhere in it is seen."""
    script = OracleScript(container=True, heartbeat_table="WMSCDC.BEATS").text(Stage("main"))
    granted = re.findall(r"^GRANT (.+) TO &dbz_user", script, re.MULTILINE)
    of_the_user = {right.name for right in RIGHTS}
    of_the_user |= {f"EXECUTE ON {package}" for package in PACKAGES} | {f"SELECT ON {view}" for view in VIEWS}
    on_tables = {f"{', '.join(TABLE_GRANTS)} ON {owner}.{table}" for owner, table in schema.TABLES}
    beating = {f"{', '.join((*TABLE_GRANTS, 'UPDATE'))} ON WMSCDC.BEATS"}
    assert sorted(granted) == sorted(of_the_user | on_tables | beating)
