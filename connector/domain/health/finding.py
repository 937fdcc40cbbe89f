"""One thing that was checked, and what lists of them say. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.domain.diagnosis.error_class import ErrorClass


@dataclass(frozen=True)
class Finding:
    """One thing that was checked. `name` is its metric, or the check of `verify` that made it.

    `ok` is None when one check cannot decide. `reason` says in one line why it is not ok, or not sure.
    `value` is what its metric measures; None publishes nothing. `cause` is the error class.
    `unknown`: nothing can be known with the stage's settings; `summary` says what is missing.
    `summary` says what was seen. `next_step` is what to do where the class does not say it.
    """

    name: str
    ok: bool | None
    reason: str = ""
    value: float | None = None
    cause: ErrorClass | None = None
    summary: str = ""
    next_step: str = ""
    unknown: bool = False

    @classmethod
    def passed(cls, name: str, summary: str = "", value: float | None = 0) -> "Finding":
        """A check that passed."""
        return cls(name, ok=True, value=value, summary=summary)

    @classmethod
    def failed(
        cls, name: str, reason: str, cause: ErrorClass | None = None, value: float = 1, summary: str = ""
    ) -> "Finding":
        """A check that failed."""
        return cls(name, False, reason, value, cause, summary)

    @classmethod
    def unsure(cls, name: str, reason: str, cause: ErrorClass | None = None) -> "Finding":
        """What this check alone cannot decide: `cause` is the class if it lasts."""
        return cls(name, None, reason, cause=cause)


def not_ok(results: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that are certainly wrong."""
    return tuple(finding for finding in results if finding.ok is False)


def by_metric(results: Sequence[Finding]) -> Mapping[str, float]:
    """The values to publish: none of an unsure finding."""
    return {f.name: f.value for f in results if f.value is not None and f.ok is not None}
