"""A captured table that goes and comes back, as a DBA does it."""

from connector.local import schema
from connector.local.database import LocalDatabase

#: The table that a snapshot reads last.
LAST = ("WMS", schema.REVISION)
#: The table that it reads first.
FIRST = ("MMDL", schema.BASE)


def drop(database: LocalDatabase, *, by_owner: bool = False) -> None:
    """Drop the table, as SYS or as the application; its grants go with it."""
    with database.app() if by_owner else database.sys() as session:
        session.execute(f"DROP TABLE {relation(*LAST)}")


def restore(database: LocalDatabase) -> None:
    """The table as it was made at first, empty, with what the DBA's script gives it."""
    with database.sys() as session:
        schema.create_table(session, *LAST)
        session.execute(f"ALTER TABLE {relation(*LAST)} ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS")
        session.execute(f"GRANT SELECT, FLASHBACK ON {'.'.join(LAST)} TO {schema.CDC}")


def relation(owner: str, table: str) -> str:
    """Its name as SQL has it."""
    return f'"{owner}"."{table}"'
