"""What an alarm is: when it goes off, and what its mail says."""

from dataclasses import dataclass
from enum import StrEnum

from connector.domain.stage.aws_names import Names

#: Where the sections for the alarms are, as a path in the repository.
RUNBOOK = "docs/operations.md"


class AlarmMails(StrEnum):
    """Which alarms mail people: the setting `alarm_mails`. Machines get every alarm, whatever it says."""

    #: Each problem is mailed once: by the health check if it sees it, by the alarm if not.
    ONCE = "once"
    #: Every alarm mails, beside the health check.
    EVERY = "every"


#: ACM renews what it issues 60 days before its end ("Managed certificate renewal", ACM User Guide): one that
#: has less than this left will not be renewed without somebody.
LEAST_CERTIFICATE_DAYS = 30


class TreatMissingData(StrEnum):
    """How an alarm treats a period without a value, in CloudWatch's terms."""

    #: A missing value is the problem.
    BREACHING = "breaching"
    #: The metric exists only when something happened.
    NOT_BREACHING = "notBreaching"
    #: The alarm keeps its state.
    IGNORE = "ignore"
    #: There is nothing to measure: the alarm goes to INSUFFICIENT_DATA.
    MISSING = "missing"


class Compare(StrEnum):
    """How a value is compared with the threshold, in CloudWatch's terms."""

    AT_LEAST = "GreaterThanOrEqualToThreshold"
    BELOW = "LessThanThreshold"


@dataclass(frozen=True)
class Alarm:
    """When a metric raises an alarm, and what its mail says.

    `period_seconds` is the length of a period; None stands for the interval of the health schedule.
    `description` and `first_action` are sentences; `{health_logs}` in the latter stands for the health
    function's log group.
    `seen_by_health`: the health check sees this problem and mails it.
    """

    description: str
    first_action: str
    section: str
    threshold: float = 1
    compare: Compare = Compare.AT_LEAST
    statistic: str = "Maximum"
    evaluation_periods: int = 1
    period_seconds: int | None = None
    treat_missing_data: TreatMissingData = TreatMissingData.IGNORE
    seen_by_health: bool = False

    def mails(self, which: AlarmMails = AlarmMails.ONCE) -> bool:
        """Whether the alarm itself mails people, with this value of the setting `alarm_mails`."""
        return which is AlarmMails.EVERY or not self.seen_by_health

    @property
    def link(self) -> str:
        """Where the runbook's section is."""
        return f"{RUNBOOK}#{self.section.lower()}"

    def text_step(self, names: Names) -> str:
        """The first step for one stage."""
        return self.first_action.format(health_logs=names.function_log_group(names.connect_health))

    def text_for(self, names: Names) -> str:
        """What the mail of a stage says: what happened, the first step, where to read on."""
        return f"{self.description} First step: {self.text_step(names)} Runbook: {self.link}"
