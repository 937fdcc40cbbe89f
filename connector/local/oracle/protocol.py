"""The lines between driver and database: JSON, and the one TNS packet that a listener sends.

The driver (`driver/`) speaks first; each request has one answer; a message is one line of UTF-8 JSON.
Values are texts or null, and the column's type says what a text means.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

#: A column's name and type: NUMBER, VARCHAR2, CHAR, DATE, TIMESTAMP, TIMESTAMP WITH TIME ZONE, RAW, CLOB.
Column = tuple[str, str]
Row = Sequence[str | None]

#: A longer line is not ours: whoever connected speaks something else.
_LONGEST_REQUEST = 64 * 1024 * 1024

_REFUSE = 4


def read(stream: BinaryIO) -> dict[str, Any] | None:
    """The next request; None when the client has gone. Raises ValueError for what is not a request."""
    line = stream.readline(_LONGEST_REQUEST)
    if not line.endswith(b"\n"):
        return None
    request = json.loads(line)
    if not isinstance(request, dict) or "op" not in request:
        raise ValueError("a request is a JSON object with `op`")
    return request


def write(stream: BinaryIO, answer: dict[str, Any]) -> None:
    """Send one answer."""
    stream.write(json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    stream.flush()


def batch(columns: Iterable[Column], rows: Sequence[Row], cursor: int | None) -> dict[str, Any]:
    """The answer to a query: its first rows, and the cursor that has the rest."""
    return {"columns": [[*column] for column in columns], "rows": rows, "cursor": cursor}


def refusal(code: int) -> bytes:
    """The TNS packet REFUSE with which a listener turns a client away.

    Form: 8 bytes of header, two reasons, the length of the data, the data. Observed: ojdbc 23.26 makes its
    own ORA-12514, 12505, 12516, 12518 and 12528 of it.
    """
    data = (
        f"(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR={code})(ERROR_STACK=(ERROR=(CODE={code})(EMFI=4))))"
    ).encode()
    body = bytes([34, 0]) + len(data).to_bytes(2, "big") + data
    return (8 + len(body)).to_bytes(2, "big") + bytes([0, 0, _REFUSE, 0, 0, 0]) + body
