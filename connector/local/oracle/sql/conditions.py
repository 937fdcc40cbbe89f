"""Conditions as the store's SQL: comparisons of canonical texts that order as Oracle orders the values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from connector.local.oracle import values
from connector.local.oracle.dictionary import Column, TableDefinition
from connector.local.oracle.errors import OracleError
from connector.local.oracle.sql.evaluate import Surroundings, Value, evaluate, names_in, numeric, stamp, text
from connector.local.oracle.sql.nodes import (
    Among,
    Both,
    Condition,
    Exists,
    Expression,
    IsNull,
    Like,
    Name,
    Not,
    Select,
)
from connector.local.oracle.types import ColumnType
from connector.local.oracle.values import Stamp

#: Whole numbers of so many digits are compared as SQLite's integers, which is faster and exact.
_INTEGER = 18
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "<>": "<>"}


def ordering(column: Column) -> str:
    """The store's expression that orders a column's texts as Oracle orders its values (NLS_SORT BINARY)."""
    kind = column.type
    if kind.name == "NUMBER":
        if kind.precision and kind.scale == 0 and kind.precision <= _INTEGER:
            return f"CAST({column.stored} AS INTEGER)"
        return f"{column.stored} COLLATE NUMERICAL"
    if kind.name == "TIMESTAMP WITH TIME ZONE":
        return f"{column.stored} COLLATE INSTANT"
    return column.stored


def comparable(kind: ColumnType, value: Value) -> str | None:
    """The value as a text to compare with the type's texts: not rounded and not cut."""
    if value is None:
        return None
    if kind.name == "NUMBER":
        number = numeric(value)
        return None if number is None else values.number(number)
    if kind.name == "RAW":
        return value.hex() if isinstance(value, bytes) else (text(value) or "").lower()
    if kind.name == "CHAR":
        return _padded(kind, text(value) or "")
    if kind.name in {"VARCHAR2", "CLOB"}:
        return text(value)
    moment = stamp(value)
    return None if moment is None else _moment(kind, moment)


def _padded(kind: ColumnType, value: str) -> str:
    """Blank-padded to the column's length, as CHAR compares (*SQLRF*, Datatype Comparison Rules)."""
    value = value.rstrip(" ")
    size = len(value) if kind.in_characters else len(value.encode())
    return value + " " * ((kind.length or 0) - size)


def _moment(kind: ColumnType, moment: Stamp) -> str:
    digits = 0 if kind.name == "DATE" else kind.scale or 0
    fraction = moment.fraction[:digits] + moment.fraction[digits:].rstrip("0")
    if len(fraction) > digits:
        fraction = moment.fraction.rstrip("0")
    shown = f"{moment.seconds}.{fraction}" if fraction else moment.seconds
    return f"{shown} {moment.offset or '+00:00'}" if kind.name == "TIMESTAMP WITH TIME ZONE" else shown


@dataclass
class Compiler:
    """Conditions on one table. `exists` tells whether a query of its own has a row."""

    table: TableDefinition
    context: Surroundings
    exists: Callable[[Select], bool]
    parameters: list[object] = field(default_factory=list)

    def sql(self, condition: Condition) -> str:
        """The store's condition; its parameters are appended to `parameters`."""
        if isinstance(condition, Both):
            return "(" + f" {condition.word} ".join(self.sql(part) for part in condition.parts) + ")"
        if isinstance(condition, Not):
            return f"NOT ({self.sql(condition.what)})"
        if isinstance(condition, Exists):
            return "1" if self.exists(condition.query) else "0"
        if isinstance(condition, IsNull):
            return self._null(condition)
        if isinstance(condition, Like):
            return self._like(condition)
        if isinstance(condition, Among):
            tests = [self._comparison("=", condition.what, item) for item in condition.items]
            return f"{'NOT ' if condition.negated else ''}({' OR '.join(tests)})"
        return self._comparison(condition.sign, condition.left, condition.right)

    def _column(self, expression: Expression) -> Column | None:
        return self.table.column(expression.name) if isinstance(expression, Name) else None

    def _value(self, expression: Expression) -> Value:
        names = names_in(expression)
        if names:
            raise OracleError.unknown(f"a comparison with a calculation of {', '.join(sorted(names))}")
        return evaluate(expression, self.context)

    def _null(self, condition: IsNull) -> str:
        column = self._column(condition.what)
        if column:
            return f"{column.stored} IS {'NOT ' if condition.negated else ''}NULL"
        return str(int((self._value(condition.what) is None) != condition.negated))

    def _like(self, condition: Like) -> str:
        column = self._column(condition.what)
        if column is None or column.type.name not in {"VARCHAR2", "CHAR", "CLOB"}:
            raise OracleError.unknown("LIKE on anything but a column of characters")
        self.parameters.append(text(self._value(condition.pattern)))
        escape = ""
        if condition.escape is not None:
            self.parameters.append(text(self._value(condition.escape)))
            escape = " ESCAPE ?"
        return f"{column.stored} {'NOT ' if condition.negated else ''}LIKE ?{escape}"

    def _comparison(self, sign: str, left: Expression, right: Expression) -> str:
        one, two = self._column(left), self._column(right)
        if one and two:
            if one.type.name != two.type.name or (one.type.name == "CHAR" and one.type != two.type):
                raise OracleError.unknown("a comparison of columns of different types")
            return (
                f"{ordering(one)} {sign} {two.stored}"
                if sign not in {"=", "<>"}
                else self._same(sign, one, two)
            )
        if one:
            return self._with_value(sign, one, self._value(right))
        if two:
            return self._with_value(_TURNED[sign], two, self._value(left))
        return _constant(sign, self._value(left), self._value(right))

    def _same(self, sign: str, one: Column, two: Column) -> str:
        return f"{ordering(one)} {sign} {ordering(two)}"

    def _with_value(self, sign: str, column: Column, value: Value) -> str:
        if column.type.is_lob:
            raise OracleError.of(932, "-", "CLOB")
        compared = comparable(column.type, value)
        exact = sign in {"=", "<>"} and column.type.name != "TIMESTAMP WITH TIME ZONE"
        key = column.stored if exact else ordering(column)
        if not exact and key.startswith("CAST") and compared is not None:
            if "." not in compared and len(compared) <= _INTEGER:
                self.parameters.append(int(compared))
                return f"{key} {sign} ?"
            key = f"{column.stored} COLLATE NUMERICAL"
        self.parameters.append(compared)
        return f"{key} {sign} ?"


def _constant(sign: str, left: Value, right: Value) -> str:
    if left is None or right is None:
        return "NULL"
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        one, two = numeric(left) or Decimal(0), numeric(right) or Decimal(0)
        order = (one > two) - (one < two)
    else:
        first, second = text(left) or "", text(right) or ""
        order = (first > second) - (first < second)
    holds = {
        "=": order == 0,
        "<>": order != 0,
        "<": order < 0,
        ">": order > 0,
        "<=": order <= 0,
        ">=": order >= 0,
    }
    return str(int(holds[sign]))
