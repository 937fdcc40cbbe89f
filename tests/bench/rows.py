"""Rows as wide as the real ones, for the measurements: as many as are wanted, without a database's help."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from connector.local import schema
from connector.local.database import LocalDatabase, bind

_BASE = (
    "PLAN_BASE_WVR_ID",
    "STATE_CD",
    "WVR_NUM",
    "WVR_TTL_TXT",
    "WVR_TYPE_CD",
    "EFCTV_DT",
    "EXPRTN_DT",
    "ENRLMT_CNT",
    "FED_SHR_PCT",
)
_REVISION = (
    "PLAN_WVR_RVSN_ID",
    "PLAN_BASE_WVR_ID",
    "RVSN_NUM",
    "RVSN_STUS_CD",
    "SBMSN_DT",
    "APRVL_DT",
    "RMRKS_TXT",
)
#: Columns of each table that get a value.
COLUMNS = {schema.BASE: _BASE, schema.REVISION: _REVISION}
_DATES = [bind(date(2020, 1, 1) + timedelta(days=day)) for day in range(2000)]


def values(table: str, numbers: range, *, remarks_size: int = 0) -> Iterator[Sequence[object]]:
    """A row for each number, in the order of `COLUMNS`.

    `remarks_size`: the characters of each remark, where all are to have the same.

    Titles of up to 128 characters; remarks mostly of a few hundred and, of one in fifty, of 4000. The text is
    a random one, which hardly compresses.
    """
    lot = random.Random(numbers.start)  # noqa: S311 - the same rows every time
    for n in numbers:
        day = n % 2000
        if table == schema.BASE:
            title = lot.randbytes((40 + n % 89) // 2).hex()
            yield (
                *(n, "MD", f"MD.{n}.R01.00", title, "1915C", _DATES[day], _DATES[-1 - day]),
                *(n % 100000, 50 + n % 25),
            )
        else:
            remarks = lot.randbytes(remarks_size // 2 or (1996 if n % 50 == 0 else (4 + n % 32) * 16)).hex()
            yield (n, n, n % 9, "APPROVED", _DATES[day], _DATES[-1 - day], remarks)


def statement(owner: str, table: str) -> str:
    """The INSERT that takes these values."""
    names = COLUMNS[table]
    columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    return f'INSERT INTO "{owner}"."{table}" ({columns}) VALUES ({marks})'


def insert(database: LocalDatabase, tables: Sequence[tuple[str, str]], rows: int) -> int:
    """An equal share of the rows into each table; answers the bytes of one on average."""
    size = 0

    def counted(table: str) -> Iterator[Sequence[object]]:
        nonlocal size
        for row in values(table, range(1, rows // len(tables) + 1)):
            size += sum(len(str(value)) for value in row)
            yield row

    with database.app() as session:
        for owner, table in tables:
            session.execute_many(statement(owner, table), counted(table))
            session.commit()
    return size // rows
