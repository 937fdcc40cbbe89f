"""The four tables of the WMS database as the stand-in has them, and the roles that use them."""

from collections.abc import Mapping

from psycopg import Connection, sql

SCHEMAS = ("MMDL", "WMS")
BASE = "PLAN_BASE_WVR_TBL"
REVISION = "PLAN_WVR_RVSN_TBL"

#: All captured tables as (schema, table).
TABLES = tuple((schema, table) for schema in SCHEMAS for table in (BASE, REVISION))

DATABASE = "wms"
#: Owns the tables and cannot log in. Both logins are members: publishing a table needs its ownership.
OWNERS = "wms_tables"
#: The application that changes rows.
APP = "wms_app"
#: The connector's login.
CDC = "wms_cdc"

COLUMNS: Mapping[str, Mapping[str, str]] = {
    BASE: {
        "PLAN_BASE_WVR_ID": "numeric(12) PRIMARY KEY",
        "STATE_CD": "varchar(2) NOT NULL",
        "WVR_NUM": "varchar(20) NOT NULL",
        "WVR_TTL_TXT": "varchar(255)",
        "WVR_TYPE_CD": "varchar(10) NOT NULL",
        "EFCTV_DT": "date",
        "EXPRTN_DT": "date",
        "ENRLMT_CNT": "numeric(9)",
        "FED_SHR_PCT": "numeric(7,4)",
        "ACTV_SW": "char(1) NOT NULL DEFAULT 'Y'",
        "SYS_ADD_USER_ID": "varchar(30) NOT NULL DEFAULT 'WMS'",
        "SYS_ADD_TS": "timestamp(6) NOT NULL DEFAULT clock_timestamp()",
        "SYS_UPDT_TS": "timestamp(6)",
    },
    REVISION: {
        "PLAN_WVR_RVSN_ID": "numeric(12) PRIMARY KEY",
        "PLAN_BASE_WVR_ID": "numeric(12) NOT NULL",
        "RVSN_NUM": "numeric(4) NOT NULL",
        "RVSN_STUS_CD": "varchar(10) NOT NULL",
        "SBMSN_DT": "date",
        "APRVL_DT": "date",
        "RMRKS_TXT": "varchar(4000)",
        "SYS_ADD_USER_ID": "varchar(30) NOT NULL DEFAULT 'WMS'",
        "SYS_ADD_TS": "timestamp(6) NOT NULL DEFAULT clock_timestamp()",
        "SYS_UPDT_TS": "timestamp(6)",
    },
}


def key(table: str) -> str:
    """Name of the table's primary key column."""
    return next(iter(COLUMNS[table]))


def create_roles(connection: Connection, *, app_password: str, cdc_password: str) -> None:
    """Make the three roles and the database. Run once, as superuser, with autocommit on."""
    execute = connection.execute
    execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(OWNERS)))
    for name, password, extra in ((APP, app_password, ""), (CDC, cdc_password, " REPLICATION")):
        statement = sql.SQL("CREATE ROLE {} LOGIN" + extra + " PASSWORD {}")
        execute(statement.format(sql.Identifier(name), sql.Literal(password)))
        # Ownership by inheritance only: nobody can become the owning role and escape its own audit.
        execute(
            sql.SQL("GRANT {} TO {} WITH INHERIT TRUE, SET FALSE").format(
                sql.Identifier(OWNERS), sql.Identifier(name)
            )
        )
    execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNERS)))


def create_tables(connection: Connection) -> None:
    """Make schemas, tables and grants. Run once, as superuser, in the database `wms`."""
    execute = connection.execute
    execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(DATABASE)))
    execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}, {}").format(
            sql.Identifier(DATABASE), sql.Identifier(APP), sql.Identifier(CDC)
        )
    )
    # CREATE on the database is what CREATE PUBLICATION needs.
    execute(
        sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(sql.Identifier(DATABASE), sql.Identifier(CDC))
    )
    for schema in SCHEMAS:
        execute(
            sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(
                sql.Identifier(schema), sql.Identifier(OWNERS)
            )
        )
        execute(
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}, {}").format(
                sql.Identifier(schema), sql.Identifier(APP), sql.Identifier(CDC)
            )
        )
    for schema, table in TABLES:
        create_table(connection, schema, table)


def create_table(connection: Connection, schema: str, table: str) -> None:
    """Make one table, owned and granted as the others."""
    name = sql.Identifier(schema, table)
    columns = sql.SQL(", ").join(
        sql.SQL("{} " + definition).format(sql.Identifier(column))
        for column, definition in COLUMNS[table].items()
    )
    connection.execute(sql.SQL("CREATE TABLE {} ({})").format(name, columns))
    connection.execute(sql.SQL("ALTER TABLE {} OWNER TO {}").format(name, sql.Identifier(OWNERS)))
    # As Oracle with supplemental logging of all columns: an update or delete carries the whole old row.
    connection.execute(sql.SQL("ALTER TABLE {} REPLICA IDENTITY FULL").format(name))
    # An owner's ordinary rights can be taken away: the connector is left with reading.
    connection.execute(
        sql.SQL("REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(name, sql.Identifier(OWNERS))
    )
    connection.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(name, sql.Identifier(CDC)))
    connection.execute(
        sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {}").format(name, sql.Identifier(APP))
    )
