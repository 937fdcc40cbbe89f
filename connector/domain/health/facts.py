"""What was seen of a deployed stage, from outside and through its admin Lambda; without evaluation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from connector.domain.health.check_result import CheckResult
from connector.domain.stage.stage import Stage

#: Parts that are inspected from outside, as keys of `Facts.unavailable`.
ADMIN, ALARMS, MAIL, PAGERS, CHECK = "admin", "alarms", "mail", "pagers", "health_check"


@dataclass(frozen=True)
class Stack:
    """One stack that exists."""

    status: str
    protected: bool
    created: datetime | None = None


@dataclass(frozen=True)
class AlarmState:
    """One alarm. `actions`: where it sends when it goes off; `window`: how far it looks back, in seconds."""

    state: str
    reason: str = ""
    actions: tuple[str, ...] = ()
    window: int = 0
    #: Where it sends that it is over.
    ok_actions: tuple[str, ...] = ()

    @property
    def topics(self) -> tuple[str, ...]:
        """The names of the topics that it sends to."""
        return tuple(action.rpartition(":")[2] for action in self.actions)


@dataclass(frozen=True)
class Subscription:
    """Who is subscribed to a topic of the stage."""

    protocol: str
    endpoint: str
    confirmed: bool


@dataclass(frozen=True)
class Facts:
    """What was seen. A part that could not be read has its reason in `unavailable`."""

    stage: Stage
    #: Component -> stack, for those that exist.
    stacks: Mapping[str, Stack] = field(default_factory=dict)
    #: The facts in the admin Lambda's answer to a request for the status, part by part.
    inside: Mapping[str, Any] = field(default_factory=dict)
    #: The findings that the admin Lambda, by its own version's rules, derives from them.
    findings: tuple[CheckResult, ...] = ()
    #: The last part of the alarm's name -> its state, for those that exist.
    alarms: Mapping[str, AlarmState] = field(default_factory=dict)
    #: Who is subscribed to the topic for people, and to the one for machines.
    subscriptions: tuple[Subscription, ...] = ()
    pagers: tuple[Subscription, ...] = ()
    #: When the newest health check was published, and whether it could do its work; None without one.
    checked_at: datetime | None = None
    check_failed: bool = False
    #: The lag that the health checks of the last hours measured, the oldest first: when, and seconds.
    lags: tuple[tuple[datetime, float], ...] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The kind of connector; the usual one where it could not be read."""
        return str(self.inside.get("kind", "debezium"))

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it: a part that cannot be read has its error in its place."""
        inside = (
            {ADMIN: {"error": self.unavailable[ADMIN]}} if ADMIN in self.unavailable else dict(self.inside)
        )
        return {
            "stage": self.stage.name,
            "stacks": {
                name: {"name": self.stage.names.stack(name), "status": s.status, "protected": s.protected}
                for name, s in self.stacks.items()
            },
            **inside,
            "findings": [finding.to_payload() for finding in self.findings],
            ALARMS: self._or_error(
                ALARMS, {name: {"state": a.state, "reason": a.reason} for name, a in self.alarms.items()}
            ),
            MAIL: self._or_error(MAIL, {"subscriptions": [asdict(s) for s in self.subscriptions]}),
            PAGERS: self._or_error(PAGERS, {"subscriptions": [asdict(s) for s in self.pagers]}),
            "lag_history": [[at.isoformat(), seconds] for at, seconds in self.lags],
            CHECK: self._or_error(
                CHECK,
                {
                    "last": None if self.checked_at is None else self.checked_at.isoformat(),
                    "failed": self.check_failed,
                },
            ),
        }

    def _or_error(self, part: str, value: dict[str, Any]) -> dict[str, Any]:
        return {"error": self.unavailable[part]} if part in self.unavailable else value
