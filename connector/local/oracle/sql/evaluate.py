"""Values of expressions: text, Decimal, Stamp, bytes or None.

Functions and their meaning: *SQL Language Reference* 19c. A function, or an element of a date format, that is
not listed here is refused by name.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from connector.local.oracle import values
from connector.local.oracle.dictionary import Column
from connector.local.oracle.errors import OracleError
from connector.local.oracle.sql.nodes import Bind, Calculation, Call, Expression, Literal, Name
from connector.local.oracle.types import Given
from connector.local.oracle.values import Stamp

Value = str | Decimal | Stamp | bytes | None

_ELEMENTS = {
    "YYYY": r"(?P<year>\d{4})",
    "MM": r"(?P<month>\d{1,2})",
    "MON": r"(?P<name>[A-Za-z]{3})",
    "DD": r"(?P<day>\d{1,2})",
    "HH24": r"(?P<hour>\d{1,2})",
    "MI": r"(?P<minute>\d{1,2})",
    "SS": r"(?P<second>\d{1,2})",
    "FF": r"(?P<fraction>\d{1,9})",
    "TZH:TZM": r"(?P<zone>[+-]\d{1,2}:\d{2})",
}
_FORMAT = re.compile(r"YYYY|MM|MON|DD|HH24|MI|SS|FF[1-9]?|TZH:TZM|[-/,.:; T]")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DATE_FORMAT = "YYYY-MM-DD HH24:MI:SS"


@dataclass(frozen=True)
class Surroundings:
    """What an expression may refer to: binds, the clock, the user, and a row's values by column name."""

    binds: Sequence[Given] | Mapping[str, Given]
    now: float
    user: str
    row: Mapping[str, Value] | None = None

    def bind(self, bind: Bind) -> Value:
        """ORA-01008 if it has no value."""
        try:
            if isinstance(self.binds, Mapping):
                return plain(self.binds[bind.name])
            number = int(bind.name) if bind.name.isdigit() else bind.place
            return plain(self.binds[number - 1])
        except (KeyError, IndexError):
            raise OracleError.of(1008) from None


def plain(given: Given) -> Value:
    """A value from outside as expressions know it."""
    if given is None or given == "":
        return None
    if isinstance(given, (str, Decimal, Stamp, bytes)):
        return given
    if isinstance(given, (int, float)):
        return Decimal(str(given))
    return Stamp.of(given)


def of_column(column: Column, text: str | None) -> Value:
    """A stored text as expressions know it."""
    if text is None:
        return None
    name = column.type.name
    if name == "NUMBER":
        return Decimal(text)
    if name == "RAW":
        return bytes.fromhex(text)
    return text if name in {"VARCHAR2", "CHAR", "CLOB"} else Stamp.parse(text)


def evaluate(expression: Expression, context: Surroundings) -> Value:
    """The value. ORA-00904 for a column where there is no row, ORA-00900 for a function that is not known."""
    if isinstance(expression, Literal):
        return expression.value
    if isinstance(expression, Bind):
        return context.bind(expression)
    if isinstance(expression, Name):
        if context.row is None or expression.name not in context.row:
            raise OracleError.of(904, f'"{expression.name}"')
        return context.row[expression.name]
    if isinstance(expression, Call):
        function = _FUNCTIONS.get(expression.name)
        if not function:
            raise OracleError.unknown(f"the function {expression.name}")
        return function(context, [evaluate(argument, context) for argument in expression.arguments])
    return _operate(expression, evaluate(expression.left, context), evaluate(expression.right, context))


def names_in(expression: Expression) -> set[str]:
    """The columns that an expression reads."""
    if isinstance(expression, Name):
        return {expression.name}
    if isinstance(expression, Call):
        return {name for argument in expression.arguments for name in names_in(argument)}
    if isinstance(expression, Calculation):
        return names_in(expression.left) | names_in(expression.right)
    return set()


def _operate(operation: Calculation, left: Value, right: Value) -> Value:
    sign = operation.sign
    if sign == "||":
        return (text(left) or "") + (text(right) or "") or None
    if left is None or right is None:
        return None
    if isinstance(left, Stamp):
        days = numeric(right)
        if sign not in {"+", "-"} or days is None:
            raise OracleError.of(932, "NUMBER", "DATE")
        # A timestamp plus days is a DATE: its fraction goes.
        return Stamp(left.seconds).shifted(timedelta(days=float(days if sign == "+" else -days)))
    one, two = numeric(left) or Decimal(0), numeric(right) or Decimal(0)
    if sign == "/" and two == 0:
        raise OracleError(1476, "ORA-01476: divisor is equal to zero")
    operate: Callable[[Decimal, Decimal], Decimal] = {
        "+": values.NUMERIC.add,
        "-": values.NUMERIC.subtract,
        "*": values.NUMERIC.multiply,
        "/": values.NUMERIC.divide,
    }[sign]
    return operate(one, two)


def numeric(value: Value) -> Decimal | None:
    """As a number: ORA-01722 if it is none, ORA-00932 for a date."""
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        return Decimal(values.number(value))
    raise OracleError.of(932, "NUMBER", "DATE" if isinstance(value, Stamp) else "BINARY")


def text(value: Value) -> str | None:
    """As characters, as TO_CHAR makes them with the connector's NLS formats."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        number = values.plain(value)
        return number.replace("0.", ".", 1) if number.startswith(("0.", "-0.")) else number
    if isinstance(value, bytes):
        return value.hex().upper()
    return value.seconds


def stamp(value: Value) -> Stamp | None:
    """As a date: ORA-01861 if the text is none in ISO's form."""
    if value is None or isinstance(value, Stamp):
        return value
    if isinstance(value, str):
        return Stamp.parse(value)
    raise OracleError.of(932, "DATE", "NUMBER")


def _parsed(arguments: Sequence[Value], default: str) -> Stamp | None:
    given = arguments[0]
    if given is None or isinstance(given, Stamp):
        return given
    shape = str(arguments[1] if len(arguments) > 1 else default).upper()
    if len(arguments) == 1:
        return Stamp.parse(text(given) or "")
    pattern, place = "", 0
    while place < len(shape):
        element = _FORMAT.match(shape, place)
        if not element:
            raise OracleError(1821, "ORA-01821: date format not recognized")
        word = element[0]
        pattern += _ELEMENTS.get("FF" if word.startswith("FF") else word) or re.escape(word)
        place = element.end()
    found = re.fullmatch(pattern, text(given) or "")
    if not found:
        raise OracleError.of(1861)
    return _assembled(found.groupdict())


def _assembled(parts: Mapping[str, str]) -> Stamp:
    month = parts.get("month") or "1"
    if "name" in parts:
        if parts["name"].upper() not in _MONTHS:
            raise OracleError.of(1843)
        month = str(_MONTHS.index(parts["name"].upper()) + 1)
    day, hour, minute, second = (
        int(parts.get(name) or least)
        for name, least in (("day", 1), ("hour", 0), ("minute", 0), ("second", 0))
    )
    iso = (
        f"{parts.get('year') or '1970'}-{int(month):02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"
        f".{parts.get('fraction') or ''}"
    )
    zone = parts.get("zone")
    return Stamp.parse(iso + (f" {zone[0]}{zone[1:].rjust(5, '0')}" if zone else ""))


def _padded(arguments: Sequence[Value], *, left: bool) -> Value:
    value, width = text(arguments[0]), int(numeric(arguments[1]) or 0)
    fill = text(arguments[2]) if len(arguments) > 2 else " "
    if value is None or not fill or width < 1:
        return None
    padding = (fill * width)[: max(0, width - len(value))]
    return (padding + value if left else value + padding)[:width]


def _upper(_: Surroundings, arguments: Sequence[Value]) -> Value:
    value = text(arguments[0])
    return value and value.upper()


def _lower(_: Surroundings, arguments: Sequence[Value]) -> Value:
    value = text(arguments[0])
    return value and value.lower()


def _hex(_: Surroundings, arguments: Sequence[Value]) -> Value:
    value = text(arguments[0])
    try:
        return value and bytes.fromhex(value if len(value) % 2 == 0 else f"0{value}")
    except ValueError:
        raise OracleError.of(1465) from None


_FUNCTIONS: Mapping[str, Callable[[Surroundings, Sequence[Value]], Value]] = {
    "SYSDATE": lambda context, _: Stamp(Stamp.at(context.now).seconds),
    "SYSTIMESTAMP": lambda context, _: Stamp.at(context.now, "+00:00"),
    "CURRENT_TIMESTAMP": lambda context, _: Stamp.at(context.now, "+00:00"),
    "USER": lambda context, _: context.user,
    "DATE LITERAL": lambda _, arguments: _parsed(arguments, _DATE_FORMAT),
    "TIMESTAMP LITERAL": lambda _, arguments: _parsed(arguments, _DATE_FORMAT),
    "TO_DATE": lambda _, arguments: _parsed(arguments, _DATE_FORMAT),
    "TO_TIMESTAMP": lambda _, arguments: _parsed(arguments, _DATE_FORMAT),
    "TO_TIMESTAMP_TZ": lambda _, arguments: _parsed(arguments, _DATE_FORMAT),
    "TO_NUMBER": lambda _, arguments: numeric(arguments[0]),
    "TO_CHAR": lambda _, arguments: text(arguments[0]),
    "HEXTORAW": _hex,
    "EMPTY_CLOB": lambda _, __: None,
    "NVL": lambda _, arguments: arguments[1] if arguments[0] is None else arguments[0],
    "UPPER": _upper,
    "LOWER": _lower,
    "LPAD": lambda _, arguments: _padded(arguments, left=True),
    "RPAD": lambda _, arguments: _padded(arguments, left=False),
}
