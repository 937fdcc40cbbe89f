import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.local.oracle.errors import OracleError
from connector.local.oracle.redo import LONGEST, chunks
from connector.local.oracle.types import ColumnType
from connector.local.oracle.values import Stamp


def read_back(literal: str) -> str | None:
    """What a reader of SQL_REDO takes out of a literal."""
    if literal == "NULL":
        return None
    found = re.fullmatch(r"(?:[A-Z_]+\()?'((?:[^']|'')*)'(?:, 'YYYY-MM-DD HH24:MI:SS'\))?\)?", literal)
    assert found, literal
    return found[1].replace("''", "'")


@given(st.text(max_size=200))
def test_text_is_read_back_from_redo(text: str):
    kind = ColumnType.parse("VARCHAR2(4000)")
    value = kind.check(text)
    assert read_back(kind.redo_literal(value)) == (text or None)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**30), max_value=10**30))
def test_a_number_is_exact_in_store_and_redo(number: Decimal):
    kind = ColumnType.parse("NUMBER")
    text = kind.check(number)
    assert text is not None
    assert Decimal(text) == number
    assert Decimal(read_back(kind.redo_literal(text)) or "") == number
    assert "E" not in text
    assert not (("." in text) and text.endswith("0"))


@given(st.integers(-(10**12) + 1, 10**12 - 1), st.integers(0, 3))
def test_a_number_is_rounded_to_its_scale(number: int, places: int):
    value = Decimal(number).scaleb(-places)
    text = ColumnType.parse("NUMBER(14,1)").check(value)
    assert abs(Decimal(text or "") - value) <= Decimal("0.05")


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 30)))  # noqa: DTZ001
def test_dates_and_timestamps_are_read_back(moment: datetime):
    date, stamp = ColumnType.parse("DATE"), ColumnType.parse("TIMESTAMP(6)")
    day, instant = date.check(moment), stamp.check(moment)
    assert datetime.fromisoformat(read_back(date.redo_literal(day)) or "") == moment.replace(microsecond=0)
    assert datetime.fromisoformat(read_back(stamp.redo_literal(instant)) or "") == moment


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_a_timestamp_keeps_its_offset(moment: datetime, minutes: int):
    shift = moment.replace(tzinfo=UTC) - timedelta(minutes=minutes)
    kind = ColumnType.parse("timestamp with time zone")
    sign = "-" if minutes < 0 else "+"
    written = f"{moment:%m-%d %H:%M:%S.%f} {sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    text = kind.check(f"{moment.year:04d}-{written}")
    back = read_back(kind.redo_literal(text)) or ""
    assert datetime.fromisoformat(back[:-7] + back[-6:]) == shift


@given(st.binary(min_size=1, max_size=20))
def test_raw_is_read_back(data: bytes):
    kind = ColumnType.parse("RAW(20)")
    assert bytes.fromhex(read_back(kind.redo_literal(kind.check(data))) or "") == data


@given(st.text(alphabet="aä€😀'", max_size=30_000 // 4).map(lambda text: text * 4))
def test_a_long_statement_is_cut_at_characters_and_nothing_is_lost(text: str):
    pieces = chunks(text)
    assert "".join(pieces) == text
    assert all(len(piece.encode()) <= LONGEST for piece in pieces)


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("VARCHAR2(3)", "abcd", 12899),
        ("VARCHAR2(3)", "ää", 12899),
        ("CHAR(1)", "ab", 12899),
        ("RAW(1)", "0aff", 12899),
        ("RAW(1)", "xy", 1465),
        ("NUMBER(3)", "1000", 1438),
        ("NUMBER(3,1)", "100", 1438),
        ("NUMBER(3)", "abc", 1722),
        ("DATE", "2020-13-01", 1861),
        ("NUMBER", b"a", 932),
    ],
)
def test_a_value_that_does_not_fit_is_refused(kind: str, value: str | bytes, code: int):
    with pytest.raises(OracleError) as refused:
        ColumnType.parse(kind).check(value)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("kind", "value", "text", "literal"),
    [
        ("VARCHAR2(3 CHAR)", "äöü", "äöü", "'äöü'"),
        ("CHAR(3)", "a", "a  ", "'a  '"),
        ("CHAR(3)", "ä", "ä ", "'ä '"),
        ("VARCHAR2(9)", "", None, "NULL"),
        ("NUMBER", "-0.50", "-0.5", "'-.5'"),
        ("NUMBER(5,-2)", 12345, "12300", "'12300'"),
        ("NUMBER(7,4)", "56.25", "56.25", "'56.25'"),
        (
            "DATE",
            "2020-01-02",
            "2020-01-02 00:00:00",
            "TO_DATE('2020-01-02 00:00:00', 'YYYY-MM-DD HH24:MI:SS')",
        ),
        (
            "TIMESTAMP(3)",
            "2020-01-02 03:04:05.9996",
            "2020-01-02 03:04:06.000",
            "TO_TIMESTAMP('2020-01-02 03:04:06.000')",
        ),
        ("RAW(2)", "AFF", "0aff", "HEXTORAW('0aff')"),
    ],
)
def test_canonical_texts_and_redo(kind: str, value: str | int, text: str | None, literal: str):
    parsed = ColumnType.parse(kind)
    assert parsed.check(value) == text
    assert parsed.redo_literal(text) == literal


@pytest.mark.parametrize(
    "written",
    [
        "BLOB",
        "XMLTYPE",
        "NVARCHAR2(3)",
        "LONG",
        "TIMESTAMP WITH LOCAL TIME ZONE",
        "INTERVAL",
        "BINARY_DOUBLE",
    ],
)
def test_a_type_whose_redo_is_not_documented_is_refused_by_name(written: str):
    with pytest.raises(OracleError, match=re.escape(written)):
        ColumnType.parse(written)


@pytest.mark.parametrize(
    ("written", "ddl", "jdbc", "size", "digits"),
    [
        ("number", "NUMBER", 2, 0, -127),
        ("number(12)", "NUMBER(12,0)", 2, 12, 0),
        ("integer", "NUMBER(*,0)", 2, 38, 0),
        ("varchar2(20 byte)", "VARCHAR2(20)", 12, 20, None),
        ("date", "DATE", 93, 7, None),
        ("timestamp", "TIMESTAMP (6)", 93, 11, 6),
        ("timestamp(3) with time zone", "TIMESTAMP (3) WITH TIME ZONE", -101, 13, 3),
        ("clob", "CLOB", 2005, 4000, None),
    ],
)
def test_how_a_type_is_described(written: str, ddl: str, jdbc: int, size: int, digits: int | None):
    kind = ColumnType.parse(written)
    assert (kind.ddl(), kind.jdbc, kind.size, kind.digits) == (ddl, jdbc, size, digits)
    assert ColumnType.parse(kind.ddl()) == kind


def test_a_date_of_python_is_taken():
    assert Stamp.of(datetime(2020, 1, 2, 3, 4, 5, 6, tzinfo=UTC)).text(6) == "2020-01-02 03:04:05.000006"
