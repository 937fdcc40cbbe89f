"""One fault: found, acted upon, mailed, undone, mailed again; and which of these steps went wrong."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from connector.domain.health import metrics
from connector.domain.health.alarm import GRACE_SECONDS, Alarm, Compare
from connector.domain.health.error_classes import named
from connector.domain.health.mail_context import MailContext
from connector.domain.health.worker_history import LOOP_QUIET_SECONDS
from tests.faults.health.watched_stage import Check, WatchedStage
from tests.faults.report import Row
from tests.support.mailbox import Mail, Sender

#: What Debezium passes over is mailed by itself, whatever else is wrong.
_SKIPPED = "ChangesSkipped"
#: The secrets that the stage uses, as far as mails name them.
_SECRETS = ("wms/default/dbInfo", "wms/default/kafkaCredentials")
Injected = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Wanted:
    """What the tables of metrics and error classes say about a fault.

    `found`: in which check it is a finding. `does`: how what the check did begins. `healed`: the check fixes
    it, so nobody is woken. `told`: the check that mails, where that is not for the alarm's periods to say.
    `skipped`: the class of skipped changes that has a mail of its own beside it. `event`: an event of ECS's
    opens the incident, so its end is mailed although no check mailed it.
    """

    metric: str
    cause: str
    found: int = 1
    does: str = ""
    healed: bool = False
    told: int | None = None
    skipped: str = ""
    event: bool = False

    @property
    def mailed(self) -> bool:
        """Whether people were told of it, so that they are told of its end."""
        return self.event or not self.healed

    @property
    def alarm(self) -> Alarm:
        """The contract's alarm."""
        alarm = metrics.metric(self.metric).alarm
        assert alarm is not None
        return alarm

    @property
    def notified(self) -> int:
        """The check in which people are mailed: the alarm's periods, counted from the check that found it."""
        return self.told or self.found + self.alarm.evaluation_periods - 1

    @property
    def cause_and_owner(self) -> str:
        """As the table of error classes has them."""
        return f"{self.cause}, {named(self.cause).owner.value}"


@dataclass
class FaultScenario:
    """What happened, as the cells of a row."""

    under_test: WatchedStage
    title: str
    wrong: list[str] = field(default_factory=list)
    cells: dict[str, str] = field(default_factory=dict)
    figures: dict[str, object] = field(default_factory=dict)
    #: Mails that are not the health check's.
    loose: list[Mail] = field(default_factory=list)

    def expect(self, what: str, *, holds: bool) -> None:
        """Note what does not hold."""
        if not holds:
            self.wrong.append(what)

    def row(self) -> Row:
        """The row of the table."""
        return Row(self.title, self.cells, self.wrong, figures=self.figures)

    # -- the usual course -----------------------------------------------------

    def run(self, inject: Injected, wanted: Wanted, *, in_time: Callable[[], None] | None = None) -> Row:
        """A fault that is found, mailed and undone. `in_time`: what is done while it is still there."""
        self.under_test.forget()
        began = time.time()
        with inject():
            self.found(wanted, began)
            if in_time is not None:
                in_time()
        self.recovered(wanted)
        return self.row()

    def found(self, wanted: Wanted, began: float) -> list[Check]:
        """As many checks as it takes to be found and mailed, and one more that must not mail again."""
        last = wanted.found if wanted.healed else wanted.notified + 1
        checks: list[Check] = []
        for number in range(1, last + 1):
            checks.append(self.under_test.check())
            self.under_test.let_pass(GRACE_SECONDS)
            present = wanted.metric in checks[-1].found
            self.expect(
                f"check {number}: {checks[-1].content['summary']}", holds=present == (number >= wanted.found)
            )
        found = checks[wanted.found - 1]
        cause = found.cause(wanted.metric)
        self.expect(
            f"class {cause or 'none'} instead of {wanted.cause_and_owner}",
            holds=cause == wanted.cause_and_owner,
        )
        self.expect(
            f"it did {found.done!r}",
            holds=found.done.startswith(wanted.does) and bool(found.done) == bool(wanted.does),
        )
        self._published(wanted, began)
        self.cells["found"] = f"check {wanted.found}: {wanted.metric}"
        self.cells["class, owner"] = cause
        self.cells["the check"] = found.done or found.content["withheld"] or "watches"
        self.figures["seconds of a check"] = [check.content.get("seconds") for check in checks]
        self._notified(wanted, checks)
        return checks

    def recovered(self, wanted: Wanted) -> None:
        """The stage rests, one mail says so if one said that it did not, and rows flow."""
        self.under_test.rest()
        self.under_test.let_pass(LOOP_QUIET_SECONDS)
        check = self.under_test.check()
        self.expect(f"afterwards: {check.summary}", holds=check.summary == "healthy")
        own = [mail for mail in check.mails if mail.sender is Sender.CHECK]
        subject = f"{self.under_test.stage.names.service}: recovered from "
        self.expect(
            f"afterwards mailed {[mail.subject for mail in own]}",
            holds=[mail.subject.startswith(subject) for mail in own] == ([True] if wanted.mailed else []),
        )
        self.figures["last mail"] = [mail.text for mail in own]
        self.flows()
        self.cells["afterwards"] = "1 mail: recovered; rows flow" if wanted.mailed else "healthy, rows flow"

    def flows(self) -> None:
        """Two new rows, and all before them, arrive once."""
        self.under_test.rows.insert(2)
        try:
            self.under_test.rows.assert_arrived_once()
        except AssertionError as error:
            self.wrong.append(str(error))

    # -- parts ----------------------------------------------------------------

    def _published(self, wanted: Wanted, began: float) -> None:
        values = self.under_test.published(wanted.metric, began)
        alarm = wanted.alarm
        past = [v for v in values if (v >= alarm.threshold) == (alarm.compare is Compare.AT_LEAST)]
        self.expect(f"{wanted.metric} published as {values}", holds=bool(past))
        state = self.under_test.alarm(wanted.metric)
        self.expect(f"its alarm is {state}", holds=state == "ALARM")

    def _notified(self, wanted: Wanted, checks: list[Check]) -> None:
        every = [mail for check in checks for mail in check.mails if mail.sender is Sender.CHECK]
        skipped = [mail.subject for mail in every if _SKIPPED in mail.subject]
        self.expect(f"mailed of skipped changes {skipped}", holds=len(skipped) == bool(wanted.skipped))
        self.expect(f"no word of {wanted.skipped}", holds=all(wanted.skipped in each for each in skipped))
        own = {
            number: [mail for mail in check.mails if mail in every and _SKIPPED not in mail.subject]
            for number, check in enumerate(checks, 1)
        }
        found = {number: [mail.subject for mail in mails] for number, mails in own.items() if mails}
        self.loose += [m for check in checks for m in check.mails if m.sender is not Sender.CHECK]
        self.figures["other mails"] = [mail.subject for mail in self.loose]
        if wanted.healed:
            self.expect(f"mailed {found}", holds=not found)
            self.cells["mail"] = "none: it heals"
            return
        self.expect(
            f"mailed in checks {found}", holds={n: len(m) for n, m in found.items()} == {wanted.notified: 1}
        )
        beside = f", and 1 of {_SKIPPED} ({wanted.skipped})" if wanted.skipped else ""
        self.cells["mail"] = f"1, in check {wanted.notified}{beside}"
        for mail in own.get(wanted.notified, []):
            self.readable(mail, wanted)

    def readable(self, mail: Mail, wanted: Wanted) -> None:
        """A mail has all that a person needs."""
        cause = named(wanted.cause)
        self.expect(f"subject {mail.subject!r}", holds=f"({cause.name})" in mail.subject)
        context = MailContext(self.under_test.stage, secret_paths=_SECRETS)
        for line in (f"Cause:        {cause.name}: {cause.meaning}", *context.steps(cause)):
            self.expect(f"not in the mail: {line}", holds=line in mail.text)
        self.expect("no last error in the mail", holds=bool(mail.value("Last error")))
        password = self.under_test.world.database.cdc_password
        self.expect("the password is in the mail", holds=password not in mail.text)
        self.figures["mail"] = mail.text
