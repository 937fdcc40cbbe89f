"""What an alarm is: when it goes off, and what its mail says."""

from dataclasses import dataclass
from enum import StrEnum

from connector.domain.stage.stage import Stage

#: Where the sections for the alarms are, as a path in the repository.
RUNBOOK = "docs/operations.md"


def runbook_link(section: str, docs_url: str = "") -> str:
    """Where a section of the runbook is: an address below that of the directory `docs`, else the file."""
    page = f"{docs_url.rstrip('/')}/operations.md" if docs_url else RUNBOOK
    return f"{page}#{section.lower()}"


class AlarmMails(StrEnum):
    """Which alarms mail people: the setting `alarm_mails`. Machines get every alarm, whatever it says."""

    #: Each problem is mailed once: by the health check if it sees it, by the alarm if not.
    ONCE = "once"
    #: Every alarm mails, beside the health check.
    EVERY = "every"


#: For how long a check must have found what passes by itself before it counts: longer than a rebalance,
#: shorter than any schedule's interval, so that the schedule's next check counts too.
GRACE_SECONDS = 45

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
    `description`, `first_action` and `data` (whether data is at risk) are sentences; `{stage}` in the second
    stands for the stage.
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
    data: str = "not at risk by this alone."

    @property
    def grace_seconds(self) -> int:
        """How long a finding has to last before the health check mails it; 0: it is mailed at once.

        An alarm counts periods. Checks come at any time, because events start them too, so time is counted.
        """
        return GRACE_SECONDS * (self.evaluation_periods - 1)

    def mails(self, which: AlarmMails = AlarmMails.ONCE) -> bool:
        """Whether the alarm itself mails people, with this value of the setting `alarm_mails`."""
        return which is AlarmMails.EVERY or not self.seen_by_health

    @property
    def link(self) -> str:
        """Where the runbook's section is."""
        return runbook_link(self.section)

    def text_step(self, stage: Stage) -> str:
        """The first step for one stage."""
        return self.first_action.format(stage=stage.name)

    def text_for(self, stage: Stage, docs_url: str, dashboard: str) -> str:
        """What the mail of a stage says: what happened, the first step, what of the data, where to read on.

        CloudWatch writes its alarm's mail; this text is all of it that is ours.
        """
        return (
            f"{self.description} First step: {self.text_step(stage)} Data: {self.data} "
            f"Runbook: {runbook_link(self.section, docs_url)} Dashboard: {dashboard}"
        )
