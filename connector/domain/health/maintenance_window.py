"""A maintenance window as one item of the state table: while it is open, mails and restarts are held. Pure.

The item keeps each held mail for one summary at the window's end (`connector.domain.health.maintenance`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.domain.errors import OperatorError
from connector.domain.health.halt import Halt, HaltedBy
from connector.domain.health.item_version import read_version
from connector.domain.health.moments import moment

#: Partition key of the item in the state table.
MAINTENANCE_KEY = "maintenance"
#: The longest window, in seconds: a rest for longer is `pause`, or `connector.state` in the stage's config.
MOST_DAYS = 3
MOST_SECONDS = MOST_DAYS * 24 * 3600
#: For so long after its end mails wait for the check that ends the window, in seconds. Then they are sent:
#: the health check may not run any more.
_CLOSING_SECONDS = 1800
#: What is kept of held mails, in bytes of UTF-8. DynamoDB takes 400 KB for an item, SNS 256 KB for a message
#: ("Quotas", DynamoDB Developer Guide; "Publish", SNS API Reference).
_KEPT_BYTES = 100_000
#: How long the name of whoever opened a window may be, in characters.
_BY_LENGTH = 200


@dataclass(frozen=True)
class WindowRequest:
    """The window that an operator wants: its length in seconds, who asks, whether to stop the connector."""

    seconds: int
    by: str = ""
    pause: bool = False

    def to_payload(self) -> dict[str, Any]:
        """As a request to the admin function carries it."""
        return {"seconds": self.seconds, "by": self.by, "pause": self.pause}

    @classmethod
    def from_payload(cls, content: object) -> "WindowRequest | None":
        """The inverse of `to_payload`; None where nothing was given."""
        if content is None:
            return None
        known = content if isinstance(content, Mapping) else {}
        seconds, by = known.get("seconds"), known.get("by", "")
        if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds <= MOST_SECONDS:
            raise OperatorError(
                f"a maintenance window of {seconds!r} seconds is not allowed: at most "
                f"{MOST_DAYS} days; for longer use `wms-connector pause`"
            )
        if not isinstance(by, str) or len(by) > _BY_LENGTH or not (by.isprintable() or not by):
            raise OperatorError(f"who opens the window (by) is no line of at most {_BY_LENGTH} characters")
        return cls(seconds, by, known.get("pause") is True)


@dataclass(frozen=True)
class HeldMail:
    """A mail that was not sent: when it was due, in seconds since 1970, and what it says, redacted."""

    at: int
    subject: str
    text: str


@dataclass(frozen=True)
class Window:
    """A maintenance window, or that there is none: then `since` is 0. Times are seconds since 1970.

    `halted_at`: when the connector was stopped for it, 0: it was not; `halt_why`: what its mark says.
    `resumed_at`: when it was resumed again; `halt_error`: why it could not be. `closing`: the next check
    sends the summary.
    """

    since: int = 0
    until: int = 0
    why: str = ""
    by: str = ""
    halted_at: int = 0
    halt_why: str = ""
    resumed_at: int = 0
    halt_error: str = ""
    closing: bool = False
    held: tuple[HeldMail, ...] = ()
    #: How many mails more were held, whose text was not kept.
    not_kept: int = 0
    #: The item's own version, 0 without an item.
    number: int = 0
    #: The number in the table if none of ours can have written it; it is replaced all the same.
    replaced_version: tuple[Any, ...] = ()

    @property
    def there(self) -> bool:
        """Whether there is a window, open or over."""
        return self.since > 0

    def open(self, now: float) -> bool:
        """Whether restarts are held."""
        return self.there and now < self.until

    def over(self, now: float) -> bool:
        """Whether its time is up, and no summary was sent yet."""
        return self.there and now >= self.until

    def holds_mails(self, now: float) -> bool:
        """Whether mails are held: those of the check that ends the window, too, are in its summary."""
        return self.there and now < self.until + _CLOSING_SECONDS

    def halts(self, halt: Halt) -> bool:
        """Whether a halt is this window's, and nobody has changed it since."""
        return self.halted_at > 0 and (halt.by, halt.at, halt.why, halt.remind_at) == (
            HaltedBy.OPERATOR,
            self.halted_at,
            self.halt_why,
            0,
        )

    def next(self, **changes: Any) -> "Window":
        """The item to write in place of this one."""
        return replace(self, **changes, number=self.number + 1, replaced_version=())

    def ended(self) -> "Window":
        """The item to write when there is no window any more."""
        return Window(number=self.number + 1)

    def with_mail(self, mail: HeldMail) -> "Window":
        """The item to write once a mail is held; beyond a limit mails are only counted."""
        size = sum(len(f"{each.subject}{each.text}".encode()) for each in (*self.held, mail))
        if size > _KEPT_BYTES:
            return self.next(not_kept=self.not_kept + 1)
        return self.next(held=(*self.held, mail))

    def describe(self, now: float) -> str:
        """The window as a clause; `none` without one."""
        if not self.there:
            return "none"
        by = f" by {self.by}" if self.by else ""
        mails = len(self.held) + self.not_kept
        state = f"open until {moment(self.until)}"
        if self.over(now):
            state = f"over since {moment(self.until)}, the next health check ends it"
        return f"{state}{by}: {self.why}; {mails} mail{'' if mails == 1 else 's'} held"

    def to_json(self, now: float) -> dict[str, Any]:
        """What programs read: nothing but `open` without a window."""
        if not self.there:
            return {"open": False}
        return {
            "open": self.open(now),
            "since": self.since,
            "until": self.until,
            "why": self.why,
            "by": self.by,
            "connector_halted": self.halted_at > 0 and not self.resumed_at,
            "held": [{"at": mail.at, "subject": mail.subject} for mail in self.held],
            "held_not_kept": self.not_kept,
        }

    def to_item(self) -> dict[str, Any]:
        """A plain item for DynamoDB's resource API."""
        return {
            "id": MAINTENANCE_KEY,
            "version": self.number,
            "since": self.since,
            "until": self.until,
            "why": self.why,
            "by": self.by,
            "halted_at": self.halted_at,
            "halt_why": self.halt_why,
            "resumed_at": self.resumed_at,
            "halt_error": self.halt_error,
            "closing": self.closing,
            "held": [[mail.at, mail.subject, mail.text] for mail in self.held],
            "not_kept": self.not_kept,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Window":
        """The inverse of `to_item`. A damaged item is no window: nothing is held back."""
        number, replaced_version = read_version(item)
        try:
            return cls(
                since=int(item["since"]),
                until=int(item["until"]),
                why=str(item["why"]),
                by=str(item["by"]),
                halted_at=int(item["halted_at"]),
                halt_why=str(item["halt_why"]),
                resumed_at=int(item["resumed_at"]),
                halt_error=str(item["halt_error"]),
                closing=bool(item["closing"]),
                held=tuple(HeldMail(int(at), str(subject), str(text)) for at, subject, text in item["held"]),
                not_kept=int(item["not_kept"]),
                number=number,
                replaced_version=replaced_version,
            )
        except (LookupError, TypeError, ValueError, OverflowError):
            return cls(number=number, replaced_version=replaced_version)
