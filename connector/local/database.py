"""The source database: changes as the WMS application makes them, for the demo and the tests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from connector.local import schema
from connector.local.oracle.client import Client
from connector.local.oracle.database import APPLICATION
from connector.local.oracle.process import PDB, SERVICE
from connector.local.oracle.rights import SYS
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
    sys_password: str = field(repr=False)

    @classmethod
    def of(cls, state: DatabaseState) -> "LocalDatabase":
        """The database of a world."""
        return cls(state.address, state.port, state.app_password, state.cdc_password, state.sys_password)

    @property
    def db_info(self) -> dict[str, Any]:
        """The secret `dbInfo` with which a connector captures this database."""
        return {
            "ip": self.host,
            "port": self.port,
            "db": SERVICE,
            "pdb": PDB,
            "user": schema.CDC,
            "password": self.cdc_password,
        }

    @contextmanager
    def app(self, *, autocommit: bool = False) -> Iterator[Client]:
        """A session as the application; committed when the block ends well."""
        with Client(
            self.host, self.port, PDB, APPLICATION, self.app_password, autocommit=autocommit
        ) as session:
            yield session

    @contextmanager
    def sys(self, service: str = PDB) -> Iterator[Client]:
        """A session as the DBA with autocommit, for set-up and faults; default: the pluggable database."""
        with Client(self.host, self.port, service, SYS, self.sys_password, autocommit=True) as session:
            yield session

    def create(self) -> None:
        """Make the tables and the connector's user, unless they are there."""
        with self.sys() as session:
            if schema.CDC in session.admin("users"):
                return
            schema.create_tables(session)
        with self.sys(SERVICE) as session:
            schema.run_oracle_script(session, self.cdc_password)

    def seed(self, rows: int = 5) -> int:
        """Insert `rows` believable rows into each table; answers how many in all."""
        return sum(len(self.insert(name, table, rows)) for name, table in schema.TABLES)

    def insert(self, schema_name: str, table: str, rows: int = 1, **columns: Any) -> list[int]:
        """Insert rows in one transaction, `columns` overriding the invented values; answers their keys."""
        key = schema.key(table)
        with self.app() as session:
            last = session.value(f'SELECT MAX("{key}") FROM "{schema_name}"."{table}"')
            first = int(last or 1000) + 1
            keys = [*range(first, first + rows)]
            for number in keys:
                insert(session, schema_name, table, {**invented(table, number), **columns, key: number})
        return keys

    def update(self, schema_name: str, table: str, number: int, **columns: Any) -> None:
        """Change columns of one row; without columns its time of change only."""
        given = "".join(f'"{name}" = ?, ' for name in columns)
        statement = (
            f'UPDATE "{schema_name}"."{table}" SET {given}"SYS_UPDT_TS" = SYSTIMESTAMP '
            f'WHERE "{schema.key(table)}" = ?'
        )
        with self.app() as session:
            session.execute(statement, [*map(bind, columns.values()), number])

    def delete(self, schema_name: str, table: str, number: int) -> None:
        """Delete one row."""
        with self.app() as session:
            session.execute(
                f'DELETE FROM "{schema_name}"."{table}" WHERE "{schema.key(table)}" = ?', [number]
            )

    def rows(self, schema_name: str, table: str) -> list[dict[str, str | None]]:
        """All rows in key order, each as column -> text."""
        with self.app() as session:
            return session.query(f'SELECT * FROM "{schema_name}"."{table}" ORDER BY "{schema.key(table)}"')

    def count(self, schema_name: str, table: str) -> int:
        """Number of rows."""
        with self.app() as session:
            return int(session.value(f'SELECT COUNT(*) FROM "{schema_name}"."{table}"') or 0)


def bind(value: object) -> str | None:
    """A value as the side door takes it: numbers, dates and moments as texts."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, date):
        return f"{value.isoformat()} 00:00:00"
    return str(value)


def insert(session: Client, schema_name: str, table: str, values: Mapping[str, Any]) -> None:
    """Insert one row; the transaction stays open."""
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" * len(values))
    statement = f'INSERT INTO "{schema_name}"."{table}" ({names}) VALUES ({marks})'
    session.execute(statement, [*map(bind, values.values())])


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
