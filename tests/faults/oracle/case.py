"""One error: injected, seen on the running connector, judged by the health check's code, undone."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from connector.domain.health.causes import TASK_PREFIX
from tests.faults.oracle.judgement import judge
from tests.faults.oracle.testbed import SECONDS, ConnectorTestbed, until, without_figures
from tests.faults.oracle.told import TOLD
from tests.faults.report import Row

Act = Callable[[ConnectorTestbed], None]

FAILED, RUNNING = "FAILED", "RUNNING"
#: Lines of a trace that say nothing of the cause. The first is by Debezium's own error handler. The second is
#: there or not by chance: a heartbeat may fall due while a change is dispatched, or between two changes.
_STOPPED = "An exception occurred in the change event producer. This connector will be stopped."
_DISPATCHED = "Error while processing event at offset"
#: What Debezium logs when it will begin anew by itself: in a stream, and where it cannot begin at all.
RETRY = ("Going to restart connector after", "will re-attempt during polling")
#: How long states are looked at after the first sign of an error, in seconds.
_LOOK_SECONDS = 2.5
#: In how many looks in a row a restarted task must be FAILED before nobody waits for it any longer.
_GIVE_UP = 4
_LONGEST = 240
#: How much of a line of the log is shown whose cause is what matters.
_HEAD = 110


class When(Enum):
    """Where a connector is when it meets the error."""

    CONFIG = "its config is put"
    SNAPSHOT = "its first snapshot runs"
    START = "its task starts again"
    STREAMING = "it streams"


class Mbean(Enum):
    """What the streaming MBean says."""

    CONNECTED = "Connected 1.0"
    #: Absent or Connected 0.0, from one moment to the next.
    GONE = "absent or 0.0"
    #: Gone for a moment, and perhaps again and again.
    BACK = "absent or 0.0, then Connected 1.0"


_MBEAN: Mapping[Mbean, Callable[[Sequence[str]], bool]] = {
    Mbean.CONNECTED: lambda values: values[-1:] == ["1.0"],
    Mbean.GONE: lambda values: "1.0" not in values,
    Mbean.BACK: lambda values: values[0] != "1.0",
}


class Recovers(Enum):
    """How the connector goes on once the cause is gone."""

    NEVER_STOPPED = "goes on all the time"
    BY_ITSELF = "by itself"
    BY_RESTART = "by a restart"
    #: Or the position has to be deleted as well: see `_without_history`.
    BY_RESTART_OR_OFFSETS = "by a restart, or once the offsets are deleted"
    #: The same error after each restart.
    NOT = "not by a restart"


@dataclass(frozen=True)
class Expected:
    """What must be seen. `cause` is a part of the first cause in the trace, `log` of a line of the log."""

    state: str
    mbean: Mbean
    recovers: Recovers
    cause: str = ""
    log: str = ""
    #: A part of the first cause after a restart, where that is another one.
    again: str = ""


def failed(
    cause: str, recovers: Recovers = Recovers.BY_RESTART, *, log: str = "", again: str = ""
) -> Expected:
    """The task fails. Its MBean is gone, for Debezium takes it away with the task."""
    return Expected(FAILED, Mbean.GONE, recovers, cause, log or cause, again)


def retried(log: str) -> Expected:
    """State RUNNING and an empty trace for as long as the error lasts."""
    return Expected(RUNNING, Mbean.GONE, Recovers.BY_ITSELF, log=log)


def retried_quietly(log: str) -> Expected:
    """As `retried`, with a few attempts in each round that nothing shows: Connected is 1.0 meanwhile."""
    return Expected(RUNNING, Mbean.BACK, Recovers.BY_ITSELF, log=log)


def interrupted(log: str) -> Expected:
    """As `retried`, for an error that strikes once."""
    return Expected(RUNNING, Mbean.BACK, Recovers.BY_ITSELF, log=log)


def unnoticed(log: str = "") -> Expected:
    """Everything looks well."""
    return Expected(RUNNING, Mbean.CONNECTED, Recovers.NEVER_STOPPED, log=log)


def cleared(bed: ConnectorTestbed) -> None:
    """The faults in force end."""
    bed.admin("clear_faults")


@dataclass(frozen=True)
class Case:
    """One row of the table.

    `otherwise`: what one may not expect. `proof`: answers what is wrong beyond the usual, asked while the
    error is there. `writes`: whether a row is written while it is there. `seconds`: how long it may take to
    show. `shown`: whether it has shown, where neither state nor log nor the row that was written can say it.
    """

    name: str
    title: str
    inject: Act
    expected: Expected
    undo: Act = cleared
    when: When = When.STREAMING
    heartbeat: bool = False
    config: dict[str, str] = field(default_factory=dict)
    writes: bool = True
    proof: Callable[[ConnectorTestbed], str] | None = None
    seconds: float = 40.0
    shown: Callable[[ConnectorTestbed], bool] | None = None
    otherwise: str = ""

    def run(self, bed: ConnectorTestbed) -> Row:
        """The whole course. The scene is at rest again afterwards, whatever happens."""
        observed = _Observed(self, bed)
        try:
            observed.meet()
            observed.look()
            observed.recover()
        except BaseException:
            bed.well = False
            raise
        finally:
            observed.undo()
        return observed.row()


@dataclass
class _Observed:
    """What happened, as it happens."""

    case: Case
    bed: ConnectorTestbed
    wrong: list[str] = field(default_factory=list)
    cells: dict[str, str] = field(default_factory=dict)
    figures: dict[str, object] = field(default_factory=dict)
    began: float = 0.0
    undone: bool = False

    def undo(self) -> None:
        """End the cause, once."""
        if not self.undone:
            self.undone = True
            self.case.undo(self.bed)
            cleared(self.bed)

    def expect(self, what: str, *, holds: bool) -> None:
        if not holds:
            self.wrong.append(what)

    def row(self) -> Row:
        cells = {"when": self.case.when.value, **self.cells}
        if self.wrong:
            # What a person needs who wants to know why.
            self.figures["log"] = [line[:600] for line in self.bed.log()[-40:]]
        cells["notes"] = self.case.otherwise
        return Row(self.case.title, cells, self.wrong, figures=self.figures)

    def meet(self) -> None:
        """Bring the connector to where it meets the error."""
        case, bed = self.case, self.bed
        if case.when is When.SNAPSHOT:
            bed.delete()
            bed.set_mark()
            case.inject(bed)
            self.began = time.monotonic()
            bed.begin(heartbeat=case.heartbeat, **case.config)
            return
        bed.streaming(heartbeat=case.heartbeat, **case.config)
        if case.when is When.START:
            bed.stop()
        bed.set_mark()
        case.inject(bed)
        self.began = time.monotonic()
        if case.when is When.START:
            bed.resume()
        if case.writes:
            bed.change()

    def look(self) -> None:
        """State, trace, MBean and log, once the error has shown."""
        case, bed, wanted = self.case, self.bed, self.case.expected
        shown = until(self._shown, case.seconds)
        self.figures["seconds until it showed"] = round(time.monotonic() - self.began, 1)
        if wanted.mbean is not Mbean.CONNECTED:
            # A session that ends takes its MBean away within a second.
            until(lambda: not bed.source().streaming, 3)
        judged = judge(bed)
        values = self._values()
        state = FAILED if bed.failed else RUNNING
        trace = bed.trace()
        self.expect(f"the task is {state}", holds=shown and state == wanted.state)
        self.expect(f"RUNNING with a trace: {trace[:80]}", holds=state == FAILED or not trace)
        cause = first_cause(trace)
        self.expect(f"first cause {cause!r}", holds=wanted.cause in cause)
        self.expect(f"MBean {' '.join(values)}", holds=_MBEAN[wanted.mbean](values))
        found = self._line()
        self.expect(f"no line of the log with {wanted.log!r}", holds=not wanted.log or bool(found))
        if case.proof is not None and (problem := case.proof(bed)):
            self.wrong.append(problem)
        self.cells["task"] = state
        self.cells["first cause"] = brief(cause) or "no trace"
        self.cells["MBean"] = ", ".join(dict.fromkeys(values))
        self.cells["log"] = brief(message_of(found, wanted.log)) or "nothing of it"
        self.figures["names the connector"] = TASK_PREFIX in found
        self.cells |= judged.cells()
        if (told := TOLD.get(case.name)) is not None:
            self.wrong += told.differences(list(judged.named), judged.mail, restarts=judged.restarts)
        self.figures |= {"trace": trace, "health": judged.summary, "read of the log": judged.read}

    def recover(self) -> None:
        """End the cause, help as much as is needed, and see every row once."""
        bed, wanted = self.bed, self.case.expected
        self.undo()
        began = time.monotonic()
        if wanted.recovers is Recovers.NOT:
            self._fails_again()
            bed.well = False
            return
        how = wanted.recovers.value
        if wanted.recovers in (Recovers.BY_RESTART, Recovers.BY_RESTART_OR_OFFSETS):
            bed.restart()
            how = Recovers.BY_RESTART.value
        last = bed.change()
        if wanted.recovers is Recovers.BY_RESTART_OR_OFFSETS and self._without_history():
            bed.delete_offsets()
            how = "by a restart with the offsets deleted: its own position kept it from starting"
        took = self._arrive()
        missing = [key for key in bed.written if not bed.times(key)]
        self.expect(f"{len(missing)} of {len(bed.written)} rows are missing", holds=not missing)
        twice = [key for key in bed.written if bed.times(key) > 1]
        self.expect(f"rows came more than once: {twice}", holds=not twice)
        self.expect(f"FAILED afterwards: {first_cause(bed.trace())}", holds=not bed.failed)
        bed.well = bed.well and took is not None and bed.times(last) == 1
        seconds = (
            f", {time.monotonic() - began:.0f} s" if wanted.recovers is not Recovers.NEVER_STOPPED else ""
        )
        self.cells["recovers"] = f"{how}{seconds}"

    def _without_history(self) -> bool:
        """Whether the restart failed because there is a position, and no schema history yet.

        The notification that the snapshot has begun carries a position. If the task fails before it has read
        a definition, this position is all that is stored, and Debezium insists on a history.
        """
        gone = "db history topic"
        until(lambda: gone in self.bed.trace() or bool(self.bed.source().streaming), SECONDS)
        return gone in self.bed.trace()

    def _arrive(self) -> float | None:
        """Seconds until all rows are there; None if they do not come, or the task has failed for good."""
        bed, began, failures = self.bed, time.monotonic(), 0
        while failures < _GIVE_UP and time.monotonic() - began < SECONDS:
            if bed.arrives(bed.written, 3) is not None:
                return time.monotonic() - began
            failures = failures + 1 if bed.failed else 0
        return None

    def _fails_again(self) -> None:
        bed, wanted = self.bed, self.case.expected
        cause = wanted.again or wanted.cause
        bed.set_mark()
        bed.restart()
        began = time.monotonic()
        until(lambda: not bed.failed or time.monotonic() - began > 3, 5)
        again = until(lambda: bed.failed and cause in first_cause(bed.trace()), SECONDS)
        found = first_cause(bed.trace())
        self.expect(f"after a restart {bed.status()} with {found!r}", holds=again)
        self.figures["trace after a restart"] = bed.trace()
        self.cells["recovers"] = Recovers.NOT.value + (f": {brief(found)}" if wanted.again else "")

    def _shown(self) -> bool:
        """Whether the error is there: FAILED, or the line of the log of one that does not fail."""
        if self.bed.failed:
            return True
        wanted = self.case.expected
        if wanted.state == FAILED:
            return False
        if self.case.shown is not None:
            return self.case.shown(self.bed)
        if wanted.recovers is Recovers.NEVER_STOPPED and not wanted.log:
            return self.bed.arrives(self.bed.written, SECONDS) is not None
        return bool(self._line()) and (
            wanted.mbean is Mbean.CONNECTED or any(sign in line for line in self.bed.log() for sign in RETRY)
        )

    def _values(self) -> list[str]:
        """Connected of the streaming MBean, again and again for a while."""
        values = []
        end = time.monotonic() + _LOOK_SECONDS
        while time.monotonic() < end:
            streaming = self.bed.source().streaming
            values.append("absent" if streaming is None else f"{streaming:.1f}")
            time.sleep(0.25)
        return values

    def _line(self) -> str:
        wanted = self.case.expected.log
        lines = [line for line in self.bed.log() if wanted and wanted in line]
        return next((line for line in lines if " ERROR " in line or " WARN " in line), "".join(lines[:1]))


def first_cause(trace: str) -> str:
    """The first cause of a trace: its first line, or the one behind it where the first says nothing."""
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    if not lines:
        return ""
    if _STOPPED not in lines[0]:
        return lines[0]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    return next((cause for cause in causes if _DISPATCHED not in cause), causes[0] if causes else lines[0])


def message_of(line: str, wanted: str = "") -> str:
    """An event of the log without time, connector and stack, with the part that was looked for."""
    text = re.sub(r"^\S+Z?\s+", "", line)
    text = re.sub(r"\[[\w-]+\|[^\]]+\]\s*", "", text)
    # Whole configs, and objects of Debezium's.
    text = re.sub(r"\{[^{}]{80,}\}", "{…}", text)
    first, *others = text.split(" | ")
    first = " ".join(first.split())
    if wanted in first:
        return first
    found = next((part.strip() for part in others if wanted in part), "")
    return f"{first[:_HEAD]} … {found}"


def brief(text: str) -> str:
    """A text for a cell of a table."""
    text = " ".join(without_figures(text).replace("https://docs.oracle.com/error-help/db/", "").split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
