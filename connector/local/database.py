"""The source database: changes as the WMS application makes them, for the demo and the tests."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import Connection, sql

from connector.local import schema
from connector.local.state import DatabaseState

_STATES = ("AL", "AZ", "CA", "CO", "DC", "FL", "GA", "IL", "MD", "NY", "OR", "TX", "VA", "WA")
_TYPES = ("1915B", "1915C", "1115")
_STATUSES = ("DRAFT", "SUBMITTED", "APPROVED", "DENIED")


@dataclass(frozen=True)
class LocalDatabase:
    """The stand-in's address and logins."""

    host: str
    port: int
    app_password: str = field(repr=False)
    cdc_password: str = field(repr=False)
    admin_password: str = field(repr=False)

    @classmethod
    def of(cls, state: DatabaseState) -> "LocalDatabase":
        """The database of a world."""
        return cls(state.address, state.port, state.app_password, state.cdc_password, state.admin_password)

    @property
    def db_info(self) -> dict[str, Any]:
        """The secret `dbInfo` with which a connector captures this database."""
        return {
            "engine": "postgres",
            "ip": self.host,
            "port": self.port,
            "db": schema.DATABASE,
            "user": schema.CDC,
            "password": self.cdc_password,
        }

    @contextmanager
    def app(self) -> Iterator[Connection]:
        """A connection as the application; committed when the block ends well."""
        with self._connect(schema.APP, self.app_password) as connection:
            yield connection

    @contextmanager
    def admin(self, database: str = schema.DATABASE) -> Iterator[Connection]:
        """A connection as superuser with autocommit, for set-up and faults."""
        with self._connect("postgres", self.admin_password, database, autocommit=True) as connection:
            yield connection

    def cdc(self) -> Connection:
        """A connection as the connector's login."""
        return self._connect(schema.CDC, self.cdc_password)

    def create(self) -> None:
        """Make roles, database and tables, unless they are there."""
        with self.admin("postgres") as connection:
            if connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [schema.DATABASE]
            ).fetchone():
                return
            schema.create_roles(connection, app_password=self.app_password, cdc_password=self.cdc_password)
        with self.admin() as connection, connection.transaction():
            schema.create_tables(connection)

    def seed(self, rows: int = 5) -> int:
        """Insert `rows` believable rows into each table; answers how many in all."""
        return sum(len(self.insert(name, table, rows)) for name, table in schema.TABLES)

    def insert(self, schema_name: str, table: str, rows: int = 1, **columns: Any) -> list[int]:
        """Insert rows in one transaction, `columns` overriding the invented values; answers their keys."""
        key = schema.key(table)
        with self.app() as connection:
            keys = self._next_keys(connection, schema_name, table, rows)
            for number in keys:
                values = {**invented(table, number), **columns, key: number}
                self._insert(connection, schema_name, table, values)
        return keys

    def update(self, schema_name: str, table: str, number: int, **columns: Any) -> None:
        """Change columns of one row; without columns its time of change only."""
        given = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder()) for name in columns]
        changed = sql.SQL("{} = clock_timestamp()").format(sql.Identifier("SYS_UPDT_TS"))
        assignments = sql.SQL(", ").join([*given, changed])
        statement = sql.SQL("UPDATE {} SET {} WHERE {} = {}").format(
            sql.Identifier(schema_name, table),
            assignments,
            sql.Identifier(schema.key(table)),
            sql.Placeholder(),
        )
        with self.app() as connection:
            connection.execute(statement, [*columns.values(), number])

    def delete(self, schema_name: str, table: str, number: int) -> None:
        """Delete one row."""
        with self.app() as connection:
            connection.execute(
                sql.SQL("DELETE FROM {} WHERE {} = %s").format(
                    sql.Identifier(schema_name, table), sql.Identifier(schema.key(table))
                ),
                [number],
            )

    def rows(self, schema_name: str, table: str) -> list[dict[str, Any]]:
        """All rows in key order."""
        with self.app() as connection, connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            cursor.execute(
                sql.SQL("SELECT * FROM {} ORDER BY {}").format(
                    sql.Identifier(schema_name, table), sql.Identifier(schema.key(table))
                )
            )
            return cursor.fetchall()

    def count(self, schema_name: str, table: str) -> int:
        """Number of rows."""
        with self.app() as connection:
            found = connection.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema_name, table))
            ).fetchone()
        return int(found[0]) if found else 0

    def slots(self) -> Sequence[str]:
        """Names of all replication slots."""
        with self.admin() as connection:
            return [
                row[0] for row in connection.execute("SELECT slot_name FROM pg_replication_slots ORDER BY 1")
            ]

    def _connect(
        self, user: str, password: str, database: str = schema.DATABASE, *, autocommit: bool = False
    ) -> Connection:
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=database,
            user=user,
            password=password,
            connect_timeout=10,
            autocommit=autocommit,
        )

    @staticmethod
    def _next_keys(connection: Connection, schema_name: str, table: str, rows: int) -> list[int]:
        name = sql.Identifier(schema_name, table)
        found = connection.execute(
            sql.SQL("SELECT coalesce(max({}), 1000) FROM {}").format(sql.Identifier(schema.key(table)), name)
        ).fetchone()
        first = int(found[0]) + 1 if found else 1001
        return [*range(first, first + rows)]

    @staticmethod
    def _insert(connection: Connection, schema_name: str, table: str, values: Mapping[str, Any]) -> None:
        connection.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(schema_name, table),
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join([sql.Placeholder()] * len(values)),
            ),
            [*values.values()],
        )


def invented(table: str, number: int) -> dict[str, Any]:
    """Believable values for the row with the key `number`: the same number, the same row."""
    start = date(2020, 1, 1) + timedelta(days=number % 2000)
    if table == schema.BASE:
        state = _STATES[number % len(_STATES)]
        kind = _TYPES[number % len(_TYPES)]
        return {
            "STATE_CD": state,
            "WVR_NUM": f"{state}.{number:05d}.R{number % 7:02d}.00",
            "WVR_TTL_TXT": f"Home and community based services, {state} ({kind})",
            "WVR_TYPE_CD": kind,
            "EFCTV_DT": start,
            "EXPRTN_DT": start + timedelta(days=5 * 365),
            "ENRLMT_CNT": 100 + number * 37 % 9000,
            "FED_SHR_PCT": Decimal(500000 + number * 13 % 250000) / 10000,
        }
    return {
        "PLAN_BASE_WVR_ID": number,
        "RVSN_NUM": number % 9,
        "RVSN_STUS_CD": _STATUSES[number % len(_STATUSES)],
        "SBMSN_DT": start,
        "APRVL_DT": start + timedelta(days=90) if number % 4 == 2 else None,
        "RMRKS_TXT": f"Revision {number % 9} of waiver {number}",
    }
