"""What a comparison keeps of a record: the row's key, and a keyed hash of each column. Pure.

No value can be read from a hash: its secret is one run's own, and goes with the run.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.domain.capture.envelope import payload
from connector.domain.errors import ServerError

#: Rows are compared bucket by bucket, so that a function holds one of them in memory: of 10^6 rows 1/32.
BUCKETS = 32
#: A hash as hexadecimal digits: of two values that differ, one pair in 2^48 looks equal.
_HASH_BYTES = 6
_WIDTH = 2 * _HASH_BYTES
#: A value that the record does not have, as Debezium marks it (`unavailable.value.placeholder`).
_UNAVAILABLE = "__debezium_unavailable_value"
_UNKNOWN = "?" * _WIDTH
_DELETED = "-"

#: What is left of one row: the number of its list of columns, and their hashes.
Digest = tuple[int, str]
#: A row as of an SCN; without a digest it was deleted then.
RowState = tuple[int, Digest | None]


@dataclass(frozen=True)
class RowRecord:
    """One record: its row's key as JSON, and the row as of the record's SCN."""

    key: str
    scn: int
    digest: Digest | None


class Digester:
    """Makes digests of records with one run's secret; `columns` are the lists of columns seen so far."""

    def __init__(self, secret: str, columns: Iterable[Sequence[str]] = ()) -> None:
        self._secret = bytes.fromhex(secret)
        self.columns: list[tuple[str, ...]] = [tuple(names) for names in columns]
        self._numbers = {names: number for number, names in enumerate(self.columns)}
        self._schema = ""
        #: The hash of a column without a value.
        self.null = self._hash(None)

    def seen(self, key: bytes | None, value: bytes | None) -> RowRecord | None:
        """What a record of a data topic says; None for a tombstone, before which the deletion stands.

        Raises `ServerError` for what is no record of Debezium's; no message shows a value.
        """
        if value is None:
            return None
        try:
            content = self._payload(value.decode())
            source, row = content["source"], content["after"]
            scn = int(str(source.get("commit_scn") or source["scn"]).partition(":")[0])
            if key is None:
                raise ServerError("a record has no key: tables without a primary key cannot be compared")
            text = json.dumps(payload(json.loads(key)), sort_keys=True, separators=(",", ":"))
            digest = None if row is None else self._digest(row)
            return RowRecord(text, scn, digest)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ServerError(f"a record is not as Debezium writes it ({type(error).__name__})") from None

    def _payload(self, text: str) -> Mapping[str, Any]:
        """The payload; of two records of one table the schema, four fifths of the text, is read once."""
        if self._schema and text.startswith(self._schema):
            found: Mapping[str, Any] = json.loads(text[len(self._schema) : -1])
            return found
        # As Connect writes it; any other spelling is read as a whole.
        start = '{"schema":{'
        if text.startswith(start):
            _, end = json.JSONDecoder().raw_decode(text, len(start) - 1)
            if text.startswith(',"payload":', end):
                self._schema = text[: end + len(',"payload":')]
        whole: Mapping[str, Any] = payload(json.loads(text))
        return whole

    def _digest(self, row: Mapping[str, Any]) -> Digest:
        names = tuple(row)
        number = self._numbers.get(names)
        if number is None:
            number = self._numbers[names] = len(self.columns)
            self.columns.append(names)
        return number, "".join(map(self._hash, row.values()))

    def _hash(self, value: Any) -> str:
        if value == _UNAVAILABLE:
            return _UNKNOWN
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        mark = "t" if isinstance(value, str) else "j"
        return hashlib.blake2b(
            f"{mark}{text}".encode(), digest_size=_HASH_BYTES, key=self._secret
        ).hexdigest()


def different(one: Digest, other: Digest, columns: Sequence[Sequence[str]], null: str) -> tuple[str, ...]:
    """The columns in which two rows differ. One that a record does not have counts as empty.

    That is so of a column that was added since; a value that Debezium left out is not judged.
    """
    if one == other:
        return ()
    ours, theirs = (
        {name: text[at * _WIDTH : (at + 1) * _WIDTH] for at, name in enumerate(columns[number])}
        for number, text in (one, other)
    )
    return tuple(
        name
        for name in dict.fromkeys([*ours, *theirs])
        if _UNKNOWN not in (pair := (ours.get(name, null), theirs.get(name, null))) and pair[0] != pair[1]
    )


def bucket(key: str) -> int:
    """The bucket of a key, from 0 to `BUCKETS` - 1."""
    return zlib.crc32(key.encode()) % BUCKETS


def keep_newest(rows: dict[str, RowState], key: str, state: RowState) -> None:
    """Keep the newer state of a key; of two of one transaction the later one.

    Not the order on the topic alone: where partitions were added, a key has records on two of them.
    """
    known = rows.get(key)
    if known is None or state[0] >= known[0]:
        rows[key] = state


def packed(rows: Mapping[str, RowState]) -> tuple[bytes, list[int]]:
    """Rows as the content of one object, bucket after bucket, and where each begins; the last is the end."""
    parts: list[list[str]] = [[] for _ in range(BUCKETS)]
    for key, (scn, digest) in rows.items():
        number, hashes = (_DELETED, "") if digest is None else digest
        parts[bucket(key)].append(f"{key}\t{scn}\t{number}\t{hashes}\n")
    content, index = bytearray(), [0]
    for part in parts:
        content += "".join(part).encode()
        index.append(len(content))
    return bytes(content), index


def unpacked(part: bytes) -> Iterator[tuple[str, RowState]]:
    """The rows of one bucket, as `packed` has written them. JSON has no tab and no line end of its own."""
    for line in part.decode().split("\n")[:-1]:
        key, scn, number, hashes = line.split("\t")
        yield key, (int(scn), None if number == _DELETED else (int(number), hashes))
