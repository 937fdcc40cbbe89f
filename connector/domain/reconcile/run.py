"""One run of a comparison: what is asked for, and how far it is. Pure.

Between two requests it is one item of the state table, so that a request that is repeated, or cut off,
continues where the last one has ended. Digests are objects in the artifact bucket.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from connector.domain.errors import OperatorError
from connector.domain.reconcile.comparison import TableReport

#: The item of the state table.
RUN_KEY = "reconcile"
#: After so many seconds without a request a run counts as killed, and another one may clear it away.
ABANDONED_SECONDS = 180
_IDENTIFIER = re.compile(r"[0-9a-f]{32}")
#: The most keys that one request may name.
_MOST_KEYS = 1000


class ComparisonPhase(StrEnum):
    """What the next request does, in this order."""

    #: The temporary connector reads the tables.
    SNAPSHOT = "snapshot"
    #: It is stopped, and deleted with its offsets.
    REMOVE = "remove"
    #: The stage's stream passes the SCN at which the tables were read.
    REACH = "reach"
    #: Records become digests, in the artifact bucket.
    READ = "read"
    COMPARE = "compare"
    #: What differs is asked for again.
    REPAIR = "repair"
    DONE = "done"


@dataclass(frozen=True)
class ReconcileRequest:
    """`run` names one run: 32 hexadecimal digits. `keys` are those to judge, none: all of the tables."""

    run: str
    keys: tuple[str, ...] = ()
    repair: bool = False
    keys_shown: bool = False
    #: Whether the run may begin; without it, it must be under way.
    begin: bool = False

    def to_payload(self) -> dict[str, Any]:
        """As plain JSON."""
        return {**asdict(self), "keys": list(self.keys)}

    @classmethod
    def from_payload(cls, content: object) -> "ReconcileRequest | None":
        """The inverse of `to_payload`; an error shows no key."""
        if content is None:
            return None
        given = content if isinstance(content, Mapping) else {}
        keys = given.get("keys", [])
        if not _IDENTIFIER.fullmatch(str(given.get("run"))) or not isinstance(keys, list):
            raise OperatorError(
                "the request's reconcile has no run of 32 hexadecimal digits, or no list of keys"
            )
        if len(keys) > _MOST_KEYS:
            raise OperatorError(f"{len(keys)} keys are too many: a comparison takes at most {_MOST_KEYS}")
        return cls(
            str(given["run"]),
            tuple(map(str, keys)),
            given.get("repair") is True,
            given.get("keys_shown") is True,
            given.get("begin") is True,
        )


@dataclass
class Part:
    """A partition to be read for one table, from offset `at` to `end`; `source`: of the comparison's own."""

    table: str
    source: bool
    topic: str
    partition: int
    at: int
    end: int


@dataclass
class Chunk:
    """An object with digests: where each bucket begins in it, and its end."""

    table: str
    source: bool
    number: int
    index: list[int]


@dataclass
class ReconcileRun:
    """A run under way. Times are in whole seconds since 1970."""

    id: str
    secret: str
    tables: list[str]
    began: int
    touched: int
    phase: ComparisonPhase = ComparisonPhase.SNAPSHOT
    #: Topic -> the offset at which this run's records begin.
    first: dict[str, int] = field(default_factory=dict)
    scn: int = 0
    parts: list[Part] = field(default_factory=list)
    #: Tables whose topic still has its first record.
    whole: list[str] = field(default_factory=list)
    columns: list[list[str]] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    #: The next bucket to compare, counted over all tables.
    bucket: int = 0
    reports: dict[str, TableReport] = field(default_factory=dict)
    #: Table -> bytes of the object with the keys that the source can be asked for again.
    repairs: dict[str, int] = field(default_factory=dict)
    #: How many of them were asked for.
    repaired: dict[str, int] = field(default_factory=dict)
    #: Why the others were not, if one could not be.
    not_repaired: str = ""
    #: When the signal for the next of them was sent, in milliseconds; 0: not yet.
    sent_at: int = 0
    records: int = 0

    def to_text(self) -> str:
        """As an item keeps it."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> "ReconcileRun | None":
        """The inverse of `to_text`; None for the text of another version, whose objects expire."""
        try:
            content = json.loads(text)
            content["phase"] = ComparisonPhase(content["phase"])
            content["parts"] = [Part(**part) for part in content["parts"]]
            content["chunks"] = [Chunk(**chunk) for chunk in content["chunks"]]
            reports = content["reports"].items()
            content["reports"] = {table: TableReport.from_json(report) for table, report in reports}
            return cls(**content)
        except (ValueError, LookupError, TypeError):
            return None


@dataclass(frozen=True)
class ComparisonItem:
    """The item: a run, or none. Each write is one `version` on, so that two requests never both continue."""

    version: int = 0
    run: ReconcileRun | None = None

    def to_item(self) -> dict[str, Any]:
        """As DynamoDB's resource API takes it."""
        return {"id": RUN_KEY, "version": self.version, "run": self.run.to_text() if self.run else ""}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "ComparisonItem":
        """The inverse of `to_item`."""
        text = str(item.get("run", ""))
        return cls(int(item["version"]), ReconcileRun.from_text(text) if text else None)
