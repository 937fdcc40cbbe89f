"""Values in the one text form in which they are stored, compared and sent.

- NUMBER: digits without exponent and without trailing zeros, `-12.5`, `0.5`, `1000`.
- DATE: `2020-01-02 00:00:00`. TIMESTAMP(n): the same with n digits of a fraction.
- TIMESTAMP(n) WITH TIME ZONE: the same with ` +01:00`. A zone's name is not stored, only its offset.
- RAW: lower-case hex. Everything else: the characters. '' is NULL, here `None` (*SQL Language Reference*,
  Nulls).

One value has one text, so equality of texts is equality of values, except for TIMESTAMP WITH TIME ZONE, which
Oracle compares as instants (`instant`).
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from connector.local.oracle.errors import OracleError

#: NUMBER keeps 38 digits for sure, up to 40 (*SQL Language Reference*, NUMBER Data Type); this keeps 40.
NUMERIC: Final = Context(prec=40)
#: Wide enough to round any of them to any scale.
WIDE: Final = Context(prec=300)
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*\Z")
_PLAIN = re.compile(r"-?[1-9]\d{0,37}\Z")
_STAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{0,9}))?)?(?: ?(Z|UTC|[+-]\d\d?:?\d\d))?\Z"
)


def number(value: str | float | Decimal) -> str:
    """The canonical text of a number. ORA-01722 if it is none."""
    if isinstance(value, str):
        if _PLAIN.match(value) or value == "0":
            return value
        if not _NUMBER.match(value):
            raise OracleError.of(1722)
        value = Decimal(value.strip())
    try:
        return plain(NUMERIC.create_decimal(value if isinstance(value, Decimal) else Decimal(str(value))))
    except InvalidOperation:
        raise OracleError.of(1722) from None


def plain(value: Decimal) -> str:
    """The decimal without exponent and without trailing zeros."""
    if not value.is_finite():
        raise OracleError.of(1722)
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class Stamp:
    """A point on the calendar: seconds, a fraction of nine digits, and an offset in minutes or none."""

    seconds: str
    fraction: str = "000000000"
    offset: str | None = None

    @staticmethod
    @lru_cache(maxsize=4096)
    def parse(text: str) -> "Stamp":
        """The text as ISO writes it, with or without time, fraction and offset. ORA-01861 if it is none."""
        found = _STAMP.match(text.strip())
        if not found:
            raise OracleError.of(1861)
        year, month, day, hour, minute, second, fraction, zone = found.groups()
        try:
            datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))  # noqa: DTZ001
        except ValueError:
            raise OracleError.of(1861) from None
        seconds = f"{year}-{month}-{day} {hour or '00'}:{minute or '00'}:{second or '00'}"
        return Stamp(seconds, (fraction or "").ljust(9, "0"), _offset(zone))

    @classmethod
    def at(cls, epoch: float, offset: str | None = None) -> "Stamp":
        """The UTC clock at an epoch, with microseconds as a server's clock has them."""
        moment = datetime.fromtimestamp(epoch, UTC)
        return cls(f"{moment:%Y-%m-%d %H:%M:%S}", f"{moment.microsecond:06d}000", offset)

    @classmethod
    def of(cls, moment: date) -> "Stamp":
        """A date or datetime of Python."""
        if not isinstance(moment, datetime):
            return cls(f"{moment:%Y-%m-%d} 00:00:00".rjust(19, "0"))
        shift = moment.utcoffset()
        offset = None if shift is None else _minutes(int(shift.total_seconds()) // 60)
        return cls(f"{moment:%Y-%m-%d %H:%M:%S}".rjust(19, "0"), f"{moment.microsecond:06d}000", offset)

    def text(self, digits: int) -> str:
        """Without its offset, rounded to so many digits of a fraction.

        Oracle rounds when it stores a timestamp with fewer digits.
        """
        seconds, fraction = self.seconds, self.fraction
        if digits < 9 and int(fraction[digits:]):
            unit = 10 ** (9 - digits)
            nanos = (int(fraction) + unit // 2) // unit * unit
            if nanos == 10**9:
                seconds = self.shifted(timedelta(seconds=1)).seconds
                nanos = 0
            fraction = f"{nanos:09d}"
        return f"{seconds}.{fraction[:digits]}" if digits else seconds

    def shifted(self, by: timedelta) -> "Stamp":
        """Later by so much, the fraction and offset kept."""
        moment = datetime.fromisoformat(self.seconds) + by
        return Stamp(moment.isoformat(" ").rjust(19, "0")[:19], self.fraction, self.offset)


def _offset(zone: str | None) -> str | None:
    if zone is None:
        return None
    if zone in {"Z", "UTC"}:
        return "+00:00"
    digits = zone[1:].replace(":", "").rjust(4, "0")
    return f"{zone[0]}{digits[:2]}:{digits[2:]}"


def _minutes(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def instant(text: str) -> str:
    """A TIMESTAMP WITH TIME ZONE's text as UTC, so that texts compare as instants do."""
    moment, zone = text[:-7], text[-6:]
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    shift = timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))
    seconds, _, fraction = moment.partition(".")
    try:
        utc = datetime.fromisoformat(seconds).replace(tzinfo=shift).astimezone(UTC)
    except OverflowError:
        return text
    return f"{utc:%Y-%m-%d %H:%M:%S}".rjust(19, "0") + "." + fraction.ljust(9, "0")
