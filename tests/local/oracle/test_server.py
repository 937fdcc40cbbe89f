"""The stand-in over its wire: logins, rights, containers, cursors, faults, and what it refuses by name.

The connector is a Python client here, so that each answer is looked at by itself; `test_connector.py` has the
real one.
"""

import json
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connector.local import schema
from connector.local.cli import local
from connector.local.database import LocalDatabase
from connector.local.oracle import answers
from connector.local.oracle.answers.mining import OPERATION_CODES
from connector.local.oracle.client import Client
from connector.local.oracle.database import StandIn
from connector.local.oracle.engine import OracleEngine, OracleSettings
from connector.local.oracle.errors import OracleError
from connector.local.oracle.own_words import allowed
from connector.local.oracle.process import PDB, SERVICE
from connector.local.world import World
from tests.support.oracle_stand_in import served

_BASE = f'"WMS"."{schema.BASE}"'
_ROWS = 'SELECT "PLAN_BASE_WVR_ID", "STATE_CD" FROM {table} AS OF SCN {scn}'


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDatabase]:
    """A served database with the application's tables and the connector's user, made by the DBA's script."""
    with served(tmp_path_factory.mktemp("oracle")) as made:
        yield made


@pytest.fixture
def cdc(database: LocalDatabase) -> Iterator[Client]:
    """The connector's login, in the root."""
    with Client(database.host, database.port, SERVICE, schema.CDC, "cdc") as session:
        yield session
        session.rollback()


@pytest.fixture
def dba(database: LocalDatabase) -> Iterator[Client]:
    """SYS, in the root; faults are cleared afterwards."""
    with database.sys(SERVICE) as session:
        yield session
        session.admin("clear_faults")


def refused(session: Client, sql: str, *binds: object) -> int:
    """The code with which a statement is refused."""
    with pytest.raises(OracleError) as error:
        session.query(sql, binds)
    return error.value.code


def into_the_tables(session: Client) -> None:
    session.execute(f"alter session set container={PDB}")


def test_an_unknown_statement_is_refused_by_name_without_its_values_and_kept_for_whoever_asks(
    cdc: Client, dba: Client
) -> None:
    with pytest.raises(OracleError, match=r"UNANSWERED.*SELECT NAME FROM V\$CONTAINERS") as error:
        cdc.query("SELECT NAME FROM V$CONTAINERS WHERE NAME = 'a secret value'")
    assert "a secret value" not in error.value.text
    assert any("V$CONTAINERS" in text for text in dba.admin("statements")["refused"])


def test_tables_are_in_the_pluggable_database_only(cdc: Client) -> None:
    scn = cdc.value("SELECT CURRENT_SCN FROM V$DATABASE")
    assert refused(cdc, _ROWS.format(table=_BASE, scn=scn)) == 942
    into_the_tables(cdc)
    assert len(cdc.query(_ROWS.format(table=_BASE, scn=scn))) == 3
    assert refused(cdc, "alter session set container=NOWHERE") == 65011


def test_a_row_of_the_future_is_not_in_a_snapshot(cdc: Client, database: LocalDatabase) -> None:
    scn = cdc.value("SELECT CURRENT_SCN FROM V$DATABASE")
    (key,) = database.insert("WMS", schema.BASE)
    into_the_tables(cdc)
    seen = {row["PLAN_BASE_WVR_ID"] for row in cdc.query(_ROWS.format(table=_BASE, scn=scn))}
    assert str(key) not in seen
    database.delete("WMS", schema.BASE, key)


@pytest.mark.parametrize(
    ("right", "statement", "code"),
    [
        ("SELECT ON V_$LOG", "SELECT MAX(BYTES) FROM V$LOG", 942),
        ("LOGMINING", "START", 1031),
        ("EXECUTE ON DBMS_LOGMNR", "BEGIN SYS.DBMS_LOGMNR.END_LOGMNR(); END;", 6550),
        ("SET CONTAINER", f"alter session set container={PDB}", 1031),
    ],
)
def test_a_right_that_is_taken_away_is_missed(
    cdc: Client, dba: Client, right: str, statement: str, code: int
) -> None:
    roles = ("SELECT_CATALOG_ROLE", "EXECUTE_CATALOG_ROLE")
    if statement == "START":
        statement = (
            "BEGIN sys.dbms_logmnr.start_logmnr(startScn => '1', endScn => '2', options => "
            "DBMS_LOGMNR.DICT_FROM_ONLINE_CATALOG + DBMS_LOGMNR.NO_ROWID_IN_STMT); END;"
        )
    for one in (right, *roles):
        dba.execute(f"REVOKE {one} FROM {schema.CDC}")
    try:
        assert refused(cdc, statement) == code
    finally:
        for one in (right, *roles):
            dba.execute(f"GRANT {one} TO {schema.CDC}")


def test_a_table_that_is_not_granted_is_not_seen(cdc: Client, dba: Client) -> None:
    into_the_tables(cdc)
    listed = (
        "select owner, table_name from all_tables where table_name NOT LIKE 'MDRT_%' and table_name NOT LIKE "
        "'MDRS_%' and table_name NOT LIKE 'MDXT_%' and (table_name NOT LIKE 'SYS_IOT_OVER_%' and IOT_NAME IS "
        "NULL) and nested = 'NO'and table_name not in (select PARENT_TABLE_NAME from ALL_NESTED_TABLES)"
    )
    assert len(cdc.query(listed)) == 4
    rights = ("SELECT", "FLASHBACK")
    for right in rights:
        dba.execute(f"REVOKE {right} ON WMS.{schema.BASE} FROM {schema.CDC}")
    try:
        assert len(cdc.query(listed)) == 3
        assert (
            refused(cdc, _ROWS.format(table=_BASE, scn=cdc.value("SELECT CURRENT_SCN FROM V$DATABASE")))
            == 942
        )
    finally:
        dba.execute(f"GRANT SELECT, FLASHBACK ON WMS.{schema.BASE} TO {schema.CDC}")


def test_logminer_shows_the_redo_of_a_range_and_only_within_its_files(
    cdc: Client, database: LocalDatabase
) -> None:
    begin = int(cdc.value("SELECT CURRENT_SCN FROM V$DATABASE") or 0)
    (key,) = database.insert("WMS", schema.BASE)
    database.delete("WMS", schema.BASE, key)
    end = int(cdc.value("SELECT CURRENT_SCN FROM V$DATABASE") or 0)
    started = (
        f"BEGIN sys.dbms_logmnr.start_logmnr(startScn => '{begin}', endScn => '{end}', options => "
        "DBMS_LOGMNR.DICT_FROM_ONLINE_CATALOG + DBMS_LOGMNR.NO_ROWID_IN_STMT); END;"
    )
    assert refused(cdc, started) == 1292
    member = cdc.query(
        "SELECT F.MEMBER, R.STATUS FROM V$LOGFILE F, V$LOG R WHERE F.GROUP# = R.GROUP# ORDER BY 2"
    )
    name = next(row["MEMBER"] for row in member if row["STATUS"] == "CURRENT")
    add = f"BEGIN sys.dbms_logmnr.add_logfile(LOGFILENAME => '{name}', OPTIONS => DBMS_LOGMNR.ADDFILE); END;"
    cdc.execute(add)
    assert refused(cdc, add) == 1289
    cdc.execute(started)
    text = _contents(OPERATION_CODES)
    operations = [row["OPERATION"] for row in cdc.query(text, [begin, end])]
    assert operations == ["START", "INSERT", "COMMIT", "START", "DELETE", "COMMIT"]
    cdc.execute("BEGIN SYS.DBMS_LOGMNR.END_LOGMNR(); END;")
    assert refused(cdc, text, begin, end) == 1306


def _contents(codes: Sequence[int]) -> str:
    mining = next(s for s in answers.connector.statements if s.text.startswith("SELECT SCN, SQL_REDO"))
    listed = f"({','.join(map(str, codes))})"
    return mining.text.replace("<text>", PDB).replace("<names1>", listed).replace("<names2>", "('SYS')")


def test_another_list_of_operation_codes_is_refused_by_name(cdc: Client, dba: Client) -> None:
    with pytest.raises(OracleError, match=r"UNANSWERED.*IN \(1,2,3\): it answers \(1,2,3,6,"):
        cdc.query(_contents((1, 2, 3)), [1, 2])
    assert any("OPERATION_CODE IN (1,2,3) " in text for text in dba.admin("statements")["refused"])


def test_the_heartbeats_statement_takes_the_right_on_its_table_and_on_all_that_it_names(
    cdc: Client, dba: Client, database: LocalDatabase
) -> None:
    beat = (
        "UPDATE WMS.BEATS SET BEAT_TS = CURRENT_TIMESTAMP WHERE NOT EXISTS "
        f'(SELECT 1 FROM {_BASE} WHERE 1 = 0 UNION ALL SELECT 1 FROM "MMDL"."{schema.BASE}" WHERE 1 = 0)'
    )
    into_the_tables(cdc)
    assert refused(cdc, beat) == 942
    with database.sys() as sys:
        sys.execute("CREATE TABLE WMS.BEATS (ID NUMBER(1) PRIMARY KEY, BEAT_TS TIMESTAMP(6) WITH TIME ZONE)")
        sys.execute("INSERT INTO WMS.BEATS (ID, BEAT_TS) VALUES (1, CURRENT_TIMESTAMP)")
    dba.execute(f"GRANT SELECT ON WMS.BEATS TO {schema.CDC}")
    assert refused(cdc, beat) == 1031
    dba.execute(f"GRANT UPDATE ON WMS.BEATS TO {schema.CDC}")
    assert cdc.execute(beat) == 1
    assert refused(cdc, beat.replace(f'"MMDL"."{schema.BASE}"', '"MMDL"."NOWHERE"')) == 942


def test_a_snapshot_with_a_filter_is_taken_and_another_users_change_is_not(cdc: Client) -> None:
    into_the_tables(cdc)
    found = cdc.query(f'SELECT * FROM {_BASE} WHERE "PLAN_BASE_WVR_ID" = 1001')
    assert [row["PLAN_BASE_WVR_ID"] for row in found] == ["1001"]
    assert refused(cdc, f"UPDATE {_BASE} SET \"STATE_CD\" = 'XX' WHERE 1 = 1") == 1031


def test_rows_come_in_batches_and_a_fault_strikes_after_some(
    cdc: Client, dba: Client, database: LocalDatabase
) -> None:
    keys = database.insert("MMDL", schema.REVISION, 40)
    into_the_tables(cdc)
    scn = cdc.value("SELECT CURRENT_SCN FROM V$DATABASE")
    sql = f'SELECT "PLAN_WVR_RVSN_ID" FROM "MMDL"."{schema.REVISION}" AS OF SCN {scn}'
    first = cdc._ask("execute", sql=sql, binds=[], fetch=10)
    assert len(first["rows"]) == 10
    rest = cdc._ask("fetch", cursor=first["cursor"], n=100)
    assert (len(rest["rows"]), rest["cursor"]) == (len(keys) + 3 - 10, None)
    dba.admin("fault", at="AS OF SCN", code=1555, text="ORA-01555: snapshot too old", after_rows=20)
    first = cdc._ask("execute", sql=sql, binds=[], fetch=19)
    with pytest.raises(OracleError, match="ORA-01555"):
        cdc._ask("fetch", cursor=first["cursor"], n=10)


def test_the_listener_refuses_an_unknown_service_also_a_real_driver(database: LocalDatabase) -> None:
    with socket.create_connection((database.host, database.port), 5) as driver:
        driver.sendall(b"\x00\x64\x00\x00\x01(CONNECT_DATA=(SID=OTHER))")
        packet = driver.recv(4096)
    assert int.from_bytes(packet[:2], "big") == len(packet)
    assert packet[4] == 4
    assert b"(ERR=12505)" in packet
    with pytest.raises(OracleError, match="ORA-12514"):
        Client(database.host, database.port, "NOWHERE", schema.CDC, "cdc")


def test_a_fault_of_the_login_is_the_connectors_and_not_the_testers(
    dba: Client, database: LocalDatabase
) -> None:
    dba.admin(
        "fault", at="connect", code=1033, text="ORA-01033: ORACLE initialization or shutdown in progress"
    )
    with pytest.raises(OracleError, match="ORA-01033"):
        Client(database.host, database.port, SERVICE, schema.CDC, "cdc")
    assert database.count("WMS", schema.BASE) >= 3


def test_a_dropped_connection_rolls_back_and_an_orderly_logoff_commits(database: LocalDatabase) -> None:
    counted = database.count("MMDL", schema.BASE)
    lost = Client(database.host, database.port, PDB, "WMS_APP", "app")
    lost.execute(f'DELETE FROM "MMDL"."{schema.BASE}"')
    lost.close()
    left = Client(database.host, database.port, PDB, "WMS_APP", "app")
    left.execute(f'DELETE FROM "MMDL"."{schema.BASE}" WHERE "PLAN_BASE_WVR_ID" = 1001')
    left._ask("quit")
    left.close()
    assert database.count("MMDL", schema.BASE) == counted - 1


def test_admin_is_for_sys_and_refuses_what_it_does_not_know(cdc: Client, dba: Client) -> None:
    with pytest.raises(OracleError, match="ORA-01031"):
        cdc.admin("scn")
    with pytest.raises(OracleError, match="it can: .*switch_log"):
        dba.admin("explode")


def test_what_is_not_a_request_ends_the_connection(database: LocalDatabase) -> None:
    for line in (b"{\n", b"{}\n", json.dumps({"op": "execute"}).encode() + b"\n"):
        with socket.create_connection((database.host, database.port), 5) as stranger:
            stranger.sendall(line)
            assert stranger.recv(100) == b""


def test_metadata_has_the_columns_of_javas_interface(cdc: Client) -> None:
    into_the_tables(cdc)
    answer: dict[str, Any] = cdc._ask("columns", schema="WMS", name=None)
    names = [name for name, _ in answer["columns"]]
    assert (len(names), names[3:6], names[16]) == (
        24,
        ["COLUMN_NAME", "DATA_TYPE", "TYPE_NAME"],
        "ORDINAL_POSITION",
    )
    columns = {row[3]: row for row in answer["rows"] if row[2] == schema.BASE}
    assert columns["FED_SHR_PCT"][4:9:2] == ["2", "7", "4"]
    assert columns["SYS_ADD_TS"][5] == "TIMESTAMP(6)"
    keys = cdc._ask("primaryKeys", schema="WMS", name=schema.BASE)["rows"]
    assert [row[3] for row in keys] == ["PLAN_BASE_WVR_ID"]


def test_users_and_their_grants_are_there_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        engine = OracleEngine.open(tmp_path, OracleSettings())
        stand_in = StandIn(tmp_path, engine, answers.connector, answers.dba, allowed)
        stand_in.set_up("boss", "app")
        stand_in.rights.login("SYS", "boss")
        engine.close()


def test_a_person_reads_and_changes_rows_by_sql(
    database: LocalDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = SimpleNamespace(database=SimpleNamespace(process=SimpleNamespace(alive=True)))
    world = SimpleNamespace(database=database, state=running)
    monkeypatch.setattr(World, "attach", lambda *_: world)

    def run(*words: str) -> Result:
        return CliRunner().invoke(local, ["sql", *words])

    read = f'SELECT "STATE_CD" FROM {_BASE} WHERE "PLAN_BASE_WVR_ID" = 1002'
    change = f'UPDATE {_BASE} SET "STATE_CD" = \'ZZ\' WHERE "PLAN_BASE_WVR_ID" = 1002'
    before = json.loads(run(read, "--json").output)["rows"]
    assert run(change, "--no-commit").output == "1 rows changed and rolled back\n"
    assert json.loads(run(read, "--json").output)["rows"] == before
    assert json.loads(run(change, "--json").output) == {"changed": 1}
    assert "ZZ" in run(read).output
    commented = f"-- which state\n{read}"
    assert "ZZ" in run(commented).output
    assert json.loads(run("--json", commented).output)["rows"] == [{"STATE_CD": "ZZ"}]
    assert "No such option" in run("--jsno", read).output
    refusal = run("SELECT * FROM WMS.NOWHERE")
    assert (refusal.exit_code, "ORA-00942" in str(refusal.output or refusal.exception)) == (1, True)
