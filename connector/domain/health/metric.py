"""What a metric of ours is; `metrics` has them all. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum

from connector.domain.capture.settings import KINDS, ConnectorSettings
from connector.domain.health.alarm import Alarm
from connector.domain.stage.aws_names import Names


class Origin(StrEnum):
    """Who publishes a metric of ours."""

    HEALTH = "health check"
    LOGS = "log filter"


@dataclass(frozen=True)
class Metric:
    """A metric of ours. Without an alarm, `waived` says why."""

    name: str
    unit: str
    meaning: str
    origin: Origin
    alarm: Alarm | None = None
    waived: str = ""
    #: The kinds of connector that have it.
    kinds: tuple[str, ...] = KINDS
    #: The connector's setting without which there is nothing to measure; empty: it is always measured.
    setting: str = ""
    #: Whether only named stages have it.
    named_only: bool = False
    #: The connector's setting that is the alarm's threshold; empty: that of `alarm`.
    threshold_setting: str = ""
    #: The log filter's pattern, in the syntax of CloudWatch Logs.
    pattern: str = ""

    def of_stage(self, settings: ConnectorSettings) -> "Metric":
        """The same, with the alarm's threshold of a stage with these settings of the connector."""
        if self.alarm is None or not self.threshold_setting:
            return self
        threshold = float(getattr(settings, self.threshold_setting))
        return replace(self, alarm=replace(self.alarm, threshold=threshold))

    def namespace(self, names: Names) -> str:
        """The CloudWatch namespace."""
        return names.health_namespace if self.origin is Origin.HEALTH else names.log_namespace
