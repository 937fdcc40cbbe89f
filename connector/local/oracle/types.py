"""The column types that the stand-in knows: their limits, their JDBC face and their spelling in SQL_REDO.

Sources, by their short names below:

- *SQLRF*: Oracle Database 19c SQL Language Reference, "Data Types" and "Nulls".
- *SUTIL*: Oracle Database 19c Utilities, "Using LogMiner to Analyze Redo Log Files".
- *DBZ*: debezium-connector-oracle 3.6.1.Final, `OracleValueConverters`, `TimestampUtils`, `LogMinerDmlParser`
  and their tests, which hold statements that a real LogMiner made.

Spelling of values in SQL_REDO: everything is quoted, also numbers (as in SUTIL: `"PRODUCT_ID" = '1799'`);
TO_DATE, TO_TIMESTAMP, TO_TIMESTAMP_TZ and HEXTORAW as in DBZ; NULL (SUTIL). VARCHAR2 and CHAR of a database
in AL32UTF8 are plain text: UNISTR is what LogMiner writes for national character types (DBZ,
UnistrHelperTest), which are refused here.

VARCHAR2 above 4000 bytes (MAX_STRING_SIZE=EXTENDED) is refused (ORA-00910): Oracle treats such a string as a
LOB, its redo comes as operations of its own and needs lob.enabled (Debezium's page, "Support for extended
max_string_size"; DBZ knows `LM_EMPTY_STRING` in the insert), and no page gives their text.

Guesses: a fraction has the column's digits (with the connector's NLS_TIMESTAMP_FORMAT of FF9 Oracle may write
nine; DBZ reads either); a number below one is written `.5` as TO_CHAR does; RAW in lower-case hex (DBZ reads
either).
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Final

from connector.local.oracle import values
from connector.local.oracle.errors import OracleError
from connector.local.oracle.values import Stamp

#: What a program may hand in for a value.
Given = str | int | float | Decimal | bytes | date | Stamp | None

#: The java.sql.Types code: NUMERIC, VARCHAR, CHAR, TIMESTAMP, VARBINARY, CLOB, and ojdbc's
#: OracleTypes.TIMESTAMPTZ.
_JDBC: Final = {
    "NUMBER": 2,
    "VARCHAR2": 12,
    "CHAR": 1,
    "DATE": 93,
    "TIMESTAMP": 93,
    "TIMESTAMP WITH TIME ZONE": -101,
    "RAW": -3,
    "CLOB": 2005,
}
#: COLUMN_SIZE where it is fixed: the bytes that Oracle stores (ALL_TAB_COLUMNS.DATA_LENGTH).
_SIZES: Final = {"DATE": 7, "TIMESTAMP": 11, "TIMESTAMP WITH TIME ZONE": 13, "CLOB": 4000}
#: The longest in bytes with MAX_STRING_SIZE=STANDARD (SQLRF, "Extended Data Types").
LONGEST: Final = {"VARCHAR2": 4000, "CHAR": 2000, "RAW": 2000}

_WRITTEN = re.compile(
    r"(?P<name>TIMESTAMP|[A-Z][A-Z0-9_]*)\s*"
    r"(?:\(\s*(?P<one>\*|-?\d+)\s*(?:,\s*(?P<two>-?\d+)\s*)?(?P<unit>BYTE|CHAR)?\s*\))?"
    r"(?P<zone>\s+WITH\s+TIME\s+ZONE)?\s*\Z"
)


@dataclass(frozen=True)
class ColumnType:
    """A type as a column has it.

    `precision` is a NUMBER's; None means as many digits as there are. `scale` is a NUMBER's scale, or the
    digits of a TIMESTAMP's fraction. `length` is in bytes, or in characters where `in_characters`.
    """

    name: str
    precision: int | None = None
    scale: int | None = None
    length: int | None = None
    in_characters: bool = False

    @classmethod
    def parse(cls, written: str) -> "ColumnType":
        """The type as DDL writes it.

        A type whose form in SQL_REDO is not documented is refused by name (ORA-00902).
        """
        found = _WRITTEN.match(" ".join(written.upper().split()))
        if not found:
            raise _unknown(written)
        name, one, two = found["name"], found["one"], found["two"]
        if found["zone"]:
            name += " WITH TIME ZONE"
        if name in {"INTEGER", "INT", "SMALLINT"} and one is None:
            return cls("NUMBER", None, 0)
        if name == "NUMBER":
            return _number(one, two)
        if name in {"VARCHAR2", "VARCHAR", "CHAR", "RAW"} and two is None:
            return _text(
                "VARCHAR2" if name == "VARCHAR" else name, one, in_characters=found["unit"] == "CHAR"
            )
        if name in {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE"} and one != "*" and two is None:
            digits = 6 if one is None else int(one)
            if not 0 <= digits <= 9:
                raise OracleError(30088, "ORA-30088: datetime/interval precision is out of range")
            return cls(name, scale=digits)
        if name in {"DATE", "CLOB"} and one is None:
            return cls(name)
        raise _unknown(written)

    def ddl(self) -> str:
        """As DBMS_METADATA.GET_DDL writes it."""
        if self.name == "NUMBER":
            if self.precision is None:
                return "NUMBER" if self.scale is None else f"NUMBER(*,{self.scale})"
            return f"NUMBER({self.precision},{self.scale or 0})"
        if self.name.startswith("TIMESTAMP"):
            return self.name.replace("TIMESTAMP", f"TIMESTAMP ({self.scale})", 1)
        if self.length is not None:
            return f"{self.name}({self.length}{' CHAR' if self.in_characters else ''})"
        return self.name

    @property
    def wire(self) -> str:
        """The type's name on the wire to the driver."""
        return self.name

    @property
    def type_name(self) -> str:
        """TYPE_NAME of DatabaseMetaData.getColumns: a TIMESTAMP has its digits."""
        return self.name.replace("TIMESTAMP", f"TIMESTAMP({self.scale})", 1)

    @property
    def jdbc(self) -> int:
        return _JDBC[self.name]

    @property
    def size(self) -> int:
        """COLUMN_SIZE of DatabaseMetaData.getColumns: 0 for a NUMBER without precision and scale."""
        if self.name == "NUMBER":
            return self.precision or (0 if self.scale is None else 38)
        return self.length or _SIZES[self.name]

    @property
    def digits(self) -> int | None:
        """DECIMAL_DIGITS of DatabaseMetaData.getColumns: -127 for a NUMBER without scale."""
        if self.name == "NUMBER" and self.scale is None:
            return -127 if self.precision is None else 0
        return self.scale

    @cached_property
    def _quantum(self) -> Decimal | None:
        return None if self.scale is None else Decimal(1).scaleb(-self.scale)

    @cached_property
    def _limit(self) -> Decimal | None:
        return None if self.precision is None else Decimal(10) ** (self.precision - (self.scale or 0))

    def check(self, value: Given, column: str = "") -> str | None:
        """The value's canonical text, or None for NULL and ''.

        ORA-12899 too long, ORA-01438 too many digits, ORA-01722 no number, ORA-01861 no date, ORA-01465 no
        hex. `column` is its quoted name with owner and table, for the message.
        """
        if value is None or value == "":
            return None
        if self.name == "NUMBER":
            return self._check_number(value)
        if self.name == "DATE":
            return _stamp(value).seconds
        if self.name == "TIMESTAMP":
            return _stamp(value).text(self.scale or 0)
        if self.name == "TIMESTAMP WITH TIME ZONE":
            stamp = _stamp(value)
            return f"{stamp.text(self.scale or 0)} {stamp.offset or '+00:00'}"
        if self.name == "RAW":
            return self._check_raw(value, column)
        return self._check_text(_characters(value), column)

    def _check_number(self, value: Given) -> str:
        if isinstance(value, (bytes, date, Stamp)) or value is None:
            raise OracleError.of(932, "NUMBER", type(value).__name__.upper())
        text = str(value) if type(value) is int else values.number(value)
        if self.scale == 0 and self.precision and len(text) <= self.precision and text.isdigit():
            return text  # the usual key
        if self._quantum is None and self._limit is None:
            return text
        exact = Decimal(text)
        if self._quantum is not None:
            try:
                exact = exact.quantize(self._quantum, ROUND_HALF_UP, values.WIDE)
            except ArithmeticError:
                raise OracleError.of(1438) from None
        # abs() rounds to 28 digits.
        if self._limit is not None and exact.copy_abs() >= self._limit:
            raise OracleError.of(1438)
        return values.plain(exact)

    def _check_raw(self, value: Given, column: str) -> str:
        text = value.hex() if isinstance(value, bytes) else str(value).lower()
        text = text if len(text) % 2 == 0 else f"0{text}"
        try:
            actual = len(bytes.fromhex(text))
        except ValueError:
            raise OracleError.of(1465) from None
        if self.length is not None and actual > self.length:
            raise OracleError.of(12899, column, actual, self.length)
        return text

    def _check_text(self, text: str, column: str) -> str:
        if self.length is None:
            return text
        size = len(text) if self.in_characters or text.isascii() else len(text.encode())
        if size > self.length:
            raise OracleError.of(12899, column, size, self.length)
        return text + " " * (self.length - size) if self.name == "CHAR" else text

    def redo_literal(self, value: str | None) -> str:
        """The canonical text as LogMiner spells it in SQL_REDO."""
        if value is None:
            return "NULL"
        if self.name in {"VARCHAR2", "CHAR", "CLOB"}:
            return "'" + value.replace("'", "''") + "'"
        if self.name == "NUMBER":
            return "'" + (value.replace("0.", ".", 1) if value.startswith(("0.", "-0.")) else value) + "'"
        if self.name == "DATE":
            return f"TO_DATE('{value}', 'YYYY-MM-DD HH24:MI:SS')"
        if self.name == "RAW":
            return f"HEXTORAW('{value}')"
        return f"{'TO_TIMESTAMP' if self.name == 'TIMESTAMP' else 'TO_TIMESTAMP_TZ'}('{value}')"

    @property
    def is_lob(self) -> bool:
        return self.name == "CLOB"


def _number(one: str | None, two: str | None) -> ColumnType:
    if one is None:
        return ColumnType("NUMBER")
    precision = None if one == "*" else int(one)
    if precision is not None and not 1 <= precision <= 38:
        raise OracleError.of(1727)
    scale = None if two is None and precision is None else int(two or 0)
    if scale is not None and not -84 <= scale <= 127:
        raise OracleError.of(1728)
    return ColumnType("NUMBER", precision, scale)


def _text(name: str, length: str | None, *, in_characters: bool) -> ColumnType:
    if length is None:
        if name != "CHAR":
            raise OracleError.of(906)
        length = "1"
    if not length.isdigit() or int(length) == 0 or (name == "RAW" and in_characters):
        raise OracleError.of(902)
    if int(length) > LONGEST[name]:
        raise OracleError.of(910)
    return ColumnType(name, length=int(length), in_characters=in_characters)


def _unknown(written: str) -> OracleError:
    return OracleError(
        902, f"ORA-00902: invalid datatype: the stand-in does not know the redo form of {written.upper()}"
    )


def _stamp(value: Given) -> Stamp:
    if isinstance(value, Stamp):
        return value
    if isinstance(value, date):
        return Stamp.of(value)
    if isinstance(value, str):
        return Stamp.parse(value)
    raise OracleError.of(932, "DATE", type(value).__name__.upper())


def _characters(value: Given) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float, Decimal)):
        text = values.number(value)
        return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
    if isinstance(value, bytes):
        return value.hex().upper()
    raise OracleError.of(932, "CHAR", "DATE")
