"""The four tables of the WMS database as the stand-in has them, and the users that work with them."""

from collections.abc import Mapping

from connector.domain.capture.oracle_script import OracleScript
from connector.domain.stage.stage import Stage
from connector.local.oracle.client import Client
from connector.local.oracle.process import PDB

SCHEMAS = ("MMDL", "WMS")
BASE = "PLAN_BASE_WVR_TBL"
REVISION = "PLAN_WVR_RVSN_TBL"

#: All captured tables as (schema, table).
TABLES = tuple((schema, table) for schema in SCHEMAS for table in (BASE, REVISION))

#: The connector's login, as `oracle-script` names it.
CDC = "C##WMSCDC"

COLUMNS: Mapping[str, Mapping[str, str]] = {
    BASE: {
        "PLAN_BASE_WVR_ID": "NUMBER(12,0) NOT NULL",
        "STATE_CD": "VARCHAR2(2) NOT NULL",
        "WVR_NUM": "VARCHAR2(20) NOT NULL",
        "WVR_TTL_TXT": "VARCHAR2(255)",
        "WVR_TYPE_CD": "VARCHAR2(10) NOT NULL",
        "EFCTV_DT": "DATE",
        "EXPRTN_DT": "DATE",
        "ENRLMT_CNT": "NUMBER(9,0)",
        "FED_SHR_PCT": "NUMBER(7,4)",
        "ACTV_SW": "CHAR(1) DEFAULT 'Y' NOT NULL",
        "SYS_ADD_USER_ID": "VARCHAR2(30) DEFAULT 'WMS' NOT NULL",
        "SYS_ADD_TS": "TIMESTAMP(6) DEFAULT SYSTIMESTAMP NOT NULL",
        "SYS_UPDT_TS": "TIMESTAMP(6)",
    },
    REVISION: {
        "PLAN_WVR_RVSN_ID": "NUMBER(12,0) NOT NULL",
        "PLAN_BASE_WVR_ID": "NUMBER(12,0) NOT NULL",
        "RVSN_NUM": "NUMBER(4,0) NOT NULL",
        "RVSN_STUS_CD": "VARCHAR2(10) NOT NULL",
        "SBMSN_DT": "DATE",
        "APRVL_DT": "DATE",
        "RMRKS_TXT": "VARCHAR2(4000)",
        "SYS_ADD_USER_ID": "VARCHAR2(30) DEFAULT 'WMS' NOT NULL",
        "SYS_ADD_TS": "TIMESTAMP(6) DEFAULT SYSTIMESTAMP NOT NULL",
        "SYS_UPDT_TS": "TIMESTAMP(6)",
    },
}


def key(table: str) -> str:
    """Name of the table's primary key column."""
    return next(iter(COLUMNS[table]))


def create_tables(sys: Client) -> None:
    """Make the application's tables, as SYS in the pluggable database. Run once."""
    for schema, table in TABLES:
        create_table(sys, schema, table)


def create_table(sys: Client, schema: str, table: str) -> None:
    """Make one table."""
    columns = ", ".join(f'"{name}" {definition}' for name, definition in COLUMNS[table].items())
    sys.execute(f'CREATE TABLE "{schema}"."{table}" ({columns}, PRIMARY KEY ("{key(table)}"))')


def run_oracle_script(sys: Client, password: str, heartbeat_table: str = "") -> None:
    """Run what `wms-connector oracle-script` prints, word for word.

    So its grants are what the connector has.
    """
    text = OracleScript(container=True, heartbeat_table=heartbeat_table).text(Stage.parse("main"))
    values = {
        "dbz_user": CDC,
        "dbz_password": password,
        "wms_pdb": PDB,
        "tbs_file": "/logminer.dbf",
        "tbs_file_pdb": "/logminer_pdb.dbf",
    }
    sys.script(text, values)
