"""The data dictionary: tables, their columns and versions, kept in the store beside the rows.

A table's definition is one JSON text in the table `objects` of the store. A dropped table keeps its row
there, so that redo of the past still knows its name. Columns have a number of their own for life; the store's
column is `c<number>`. Renaming or dropping a column therefore never touches the rows.

DATA_OBJ# stays, DATA_OBJD# changes with TRUNCATE, DATA_OBJV# counts the versions of the definition (*Database
Reference* 19c, V$LOGMNR_CONTENTS).
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from connector.local.oracle.errors import OracleError
from connector.local.oracle.types import ColumnType


@dataclass(frozen=True)
class Column:
    """A column.

    `default` is the expression as DDL wrote it; `number` names it in the store; `position` is from 1.
    """

    name: str
    type: ColumnType
    nullable: bool
    default: str | None
    position: int
    number: int

    @property
    def stored(self) -> str:
        return f"c{self.number}"


@dataclass(frozen=True)
class TableDefinition:
    """A table's definition. `version` is DATA_OBJV#.

    AS OF SCN reaches back to `readable_scn`: a new structure cannot show what was before it (ORA-01466).
    """

    owner: str
    name: str
    object_id: int
    data_object_id: int
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    unique_indexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    supplemental_all: bool = False
    supplemental_primary_key: bool = False
    readable_scn: int = 0
    last_ddl_scn: int = 0
    last_ddl_time: float = 0.0
    version: int = 1
    next_column: int = 1
    dropped: bool = False

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def key_columns(self) -> tuple[Column, ...]:
        return tuple(self.by_name[name] for name in self.primary_key)

    @cached_property
    def rows(self) -> str:
        """The store's table of its rows and their versions."""
        return f"t{self.object_id}"

    @cached_property
    def quoted(self) -> str:
        return f'"{self.owner}"."{self.name}"'

    def column(self, name: str) -> Column:
        """ORA-00904 if there is none."""
        found = self.by_name.get(name)
        if not found:
            raise OracleError.of(904, f'"{name}"')
        return found

    def label(self, column: Column) -> str:
        """As error messages name a column."""
        return f'"{self.owner}"."{self.name}"."{column.name}"'

    def to_json(self) -> str:
        """The definition as the store keeps it."""
        return json.dumps(
            {
                **{name: getattr(self, name) for name in _PLAIN},
                "unique_indexes": {name: list(columns) for name, columns in self.unique_indexes.items()},
                "columns": [
                    {
                        **{name: getattr(column, name) for name in _COLUMN},
                        "type": {name: getattr(column.type, name) for name in _TYPE},
                    }
                    for column in self.columns
                ],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "TableDefinition":
        """The definition that `to_json` wrote."""
        known = json.loads(text)
        columns = tuple(
            Column(**{**column, "type": ColumnType(**column["type"])}) for column in known["columns"]
        )
        unique = {name: tuple(names) for name, names in known["unique_indexes"].items()}
        primary_key = tuple(known["primary_key"])
        return cls(**{**known, "columns": columns, "unique_indexes": unique, "primary_key": primary_key})


_PLAIN = (
    *("owner", "name", "object_id", "data_object_id", "primary_key", "supplemental_all"),
    *("supplemental_primary_key", "readable_scn", "last_ddl_scn", "last_ddl_time", "version"),
    *("next_column", "dropped"),
)
_COLUMN = ("name", "nullable", "default", "position", "number")
_TYPE = ("name", "precision", "scale", "length", "in_characters")


class Dictionary:
    """All tables by owner and name. Reading needs no lock: a change replaces the maps as a whole."""

    def __init__(self) -> None:
        self._named: dict[tuple[str, str], TableDefinition] = {}
        self._numbered: dict[int, TableDefinition] = {}
        self._lock = threading.Lock()

    def tables(self) -> list[TableDefinition]:
        """All tables that exist, by owner and name."""
        return [table for _, table in sorted(self._named.items())]

    def table(self, owner: str, name: str) -> TableDefinition:
        """ORA-00942 if there is none."""
        found = self._named.get((owner, name))
        if not found:
            raise OracleError.of(942)
        return found

    def find(self, owner: str, name: str) -> TableDefinition | None:
        return self._named.get((owner, name))

    def numbered(self, object_id: int) -> TableDefinition | None:
        """The table with this OBJECT_ID, even if it was dropped."""
        return self._numbered.get(object_id)

    def put(self, table: TableDefinition) -> None:
        """Add a table, or replace its definition; a dropped one is found by its number only."""
        with self._lock:
            named = {key: known for key, known in self._named.items() if known.object_id != table.object_id}
            if not table.dropped:
                named[table.owner, table.name] = table
            self._numbered = {**self._numbered, table.object_id: table}
            self._named = named

    def ddl(self, table: TableDefinition) -> str:
        """The table as DBMS_METADATA.GET_DDL gives it with the transformations that Debezium sets.

        The shape is the one in Debezium's documentation of the schema-change topic ("Debezium connector for
        Oracle", schema change topic) and the one that its parser was seen to take.
        """
        lines = [f"\t{_column_ddl(column)}" for column in table.columns]
        if table.primary_key:
            names = ", ".join(f'"{name}"' for name in table.primary_key)
            lines.append(f"\t PRIMARY KEY ({names})\n  USING INDEX  ENABLE")
        if table.supplemental_primary_key:
            lines.append("\t SUPPLEMENTAL LOG DATA (PRIMARY KEY) COLUMNS")
        if table.supplemental_all:
            lines.append("\t SUPPLEMENTAL LOG DATA (ALL) COLUMNS")
        body = ", \n".join(lines)
        return f"\n  CREATE TABLE {table.quoted} \n   ({body}\n   ) ;\n"


def _column_ddl(column: Column) -> str:
    default = "" if column.default is None else f" DEFAULT {column.default}"
    return f'"{column.name}" {column.type.ddl()}{default}{"" if column.nullable else " NOT NULL ENABLE"}'


def renumbered(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns with positions from 1."""
    return tuple(replace(column, position=place) for place, column in enumerate(columns, 1))
