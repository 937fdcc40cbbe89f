"""The fire drill: each alarm goes off, each mail of the health check is sent, and what arrives is checked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from connector.aws import calls
from connector.aws.health_function import invoke_health
from connector.aws.topic_listener import Message, TopicListener
from connector.domain.errors import OperatorError, ServerError
from connector.domain.health.aws_alarms import alarms_of
from connector.domain.health.drills import KEY, MAILS, Mailed
from connector.domain.health.facts import AlarmState, Subscription
from connector.domain.stage.stage import Stage
from connector.operations.inspection import AlarmRouting

#: How long the drill waits for messages to arrive, in seconds.
ARRIVE_SECONDS = 60.0

_REASON = "DRILL by wms-connector fire-drill: nothing has happened"

Say = Callable[[str], None]


@dataclass(frozen=True)
class AlarmDrill:
    """One alarm: the states it reached, where it sends, what arrived. `wrong` is empty when it passed.

    `delivered`: the subjects that people got; `machines`: the states that machines got.
    """

    alarm: str
    reached: tuple[str, ...] = ()
    mails: bool = False
    topics: tuple[str, ...] = ()
    #: Where it sends its end.
    ok_topics: tuple[str, ...] = ()
    delivered: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    wrong: str = ""
    note: str = ""

    def sends(self, state: str) -> tuple[str, ...]:
        """The topics to which it sends a state that it has reached."""
        return self.ok_topics if state == "OK" else self.topics


@dataclass(frozen=True)
class MailDrill:
    """One mail of the health check: its name in a drill, its subject, and whether it arrived."""

    name: str
    subject: str = ""
    message_id: str = ""
    delivered: bool = False
    wrong: str = ""


@dataclass(frozen=True)
class DrillPlan:
    """What a drill would do."""

    stage: Stage
    routing: AlarmRouting
    alarms: Mapping[str, AlarmState]
    kind: str
    #: Of the topic for people, and of that for machines.
    subscriptions: Sequence[Subscription] = ()
    pagers: Sequence[Subscription] = ()
    #: Names of alarms and mails of which the drill consists; none: all there are.
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = (*alarms_of(self.stage.names, self.kind, self.alarms), *MAILS)
        for name in self.only:
            if name not in known:
                raise OperatorError(f"{name!r} is no alarm or mail of the stage; known: {', '.join(known)}")

    @property
    def rung(self) -> tuple[str, ...]:
        """The alarms that go off."""
        return tuple(filter(self._wanted, alarms_of(self.stage.names, self.kind, self.alarms)))

    @property
    def sent(self) -> tuple[str, ...]:
        """The mails that the health function sends."""
        return tuple(filter(self._wanted, MAILS))

    @property
    def mails(self) -> int:
        """How many messages go to each person."""
        return self.alarm_mails + len(self.sent)

    @property
    def alarm_mails(self) -> int:
        """How many of them are CloudWatch's: an alarm that mails people does so when it goes off."""
        return self._messages(self.routing.people)

    @property
    def calls(self) -> int:
        """How many messages go to each machine: two for each alarm, on and off again."""
        return self._messages(self.routing.machines)

    @property
    def covers(self) -> str:
        """How much the drill covers of what there is, in one line."""
        alarms = len(alarms_of(self.stage.names, self.kind, self.alarms))
        # One that is on in earnest is left alone.
        on = [name for name in self.rung if name in self.alarms and self.alarms[name].state == "ALARM"]
        text = (
            f"{len(self.rung) - len(on)} of {alarms} alarms, {len(self.sent)} of {len(MAILS)} mails of the "
            "health check"
        )
        if on:
            text += f"; in ALARM already, so not tested: {', '.join(on)}"
        if self.only or on:
            return f"covers a part only: {text}"
        return f"covers every alarm and every mail that the stage can send: {text}"

    def _wanted(self, name: str) -> bool:
        return not self.only or name in self.only

    def _messages(self, topic: str) -> int:
        found = [self.alarms[name] for name in self.rung if name in self.alarms]
        quiet = [alarm for alarm in found if alarm.state != "ALARM"]
        return sum((topic in alarm.actions) + (topic in alarm.ok_actions) for alarm in quiet)

    @property
    def recipients(self) -> tuple[str, ...]:
        """The confirmed addresses: who gets the mails."""
        return tuple(s.endpoint for s in self.subscriptions if s.confirmed)

    @property
    def machines(self) -> tuple[str, ...]:
        """The confirmed subscriptions of machines."""
        return tuple(f"{s.protocol} {s.endpoint}" for s in self.pagers if s.confirmed)


@dataclass(frozen=True)
class Report:
    """The outcome of a drill."""

    stage: str
    topic: str
    alarms_topic: str
    recipients: tuple[str, ...]
    alarms: tuple[AlarmDrill, ...]
    classes: tuple[MailDrill, ...]
    left_behind: str = ""
    #: How much of what there is the drill covered.
    covers: str = ""
    #: For example that nobody has confirmed an address, so that no person gets what the queue receives.
    warnings: tuple[str, ...] = field(default_factory=tuple)

    @property
    def passed(self) -> bool:
        """Whether everything arrived that should, and nothing else."""
        return not any(self.problems) and not self.left_behind

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with each part; empty where it is as it should be."""
        return (*(alarm.wrong for alarm in self.alarms), *(mail.wrong for mail in self.classes))

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {**asdict(self), "passed": self.passed}


def drill(plan: DrillPlan, port: calls.Port, listener: TopicListener, say: Say) -> Report:
    """Run the drill, and check what arrives.

    Every alarm is set back to OK, even if the drill fails; the report names one that could not be. A drill
    that cannot continue names what it could not delete.
    """
    try:
        return _drilled(plan, port, listener, say)
    except ServerError as error:
        if not listener.left_behind:
            raise
        raise ServerError(f"{error}; not deleted; delete it by hand: {listener.left_behind}") from None


def _drilled(plan: DrillPlan, port: calls.Port, listener: TopicListener, say: Say) -> Report:
    with listener:
        rung = []
        for name in plan.rung:
            say(f"alarm {name}")
            rung.append(_ring(port, plan.stage, name, plan.alarms.get(name), _contract(plan, name)))
        mailed = []
        for name in plan.sent:
            say(f"mail {name}")
            mailed.append(_mail(port, plan.stage, name))
        say("waiting for the mails to arrive")
        expected = {
            _key(plan.stage, a, state, topic) for a in rung for state in a.reached for topic in a.sends(state)
        }
        expected |= {m.message_id for m in mailed if not m.wrong}
        received = listener.receive(lambda all_: expected <= _keys(all_), ARRIVE_SECONDS)
    warnings = [] if plan.recipients else ["no subscription is confirmed, so no person gets these mails"]
    return Report(
        plan.stage.name,
        plan.routing.people,
        plan.routing.machines,
        plan.recipients,
        tuple(_evaluated_alarm(plan, alarm, received) for alarm in rung),
        tuple(_evaluated_mail(mail, received) for mail in mailed),
        listener.left_behind,
        plan.covers,
        tuple(warnings),
    )


def _contract(plan: DrillPlan, name: str) -> bool:
    """Whether the contract and the stage's setting say that the alarm mails people."""
    return alarms_of(plan.stage.names, plan.kind)[name].mails(plan.routing.mails)


def _ring(port: calls.Port, stage: Stage, name: str, state: AlarmState | None, mails: bool) -> AlarmDrill:  # noqa: FBT001
    if state is None:
        return AlarmDrill(name, mails=mails, wrong="this alarm does not exist")
    if state.state == "ALARM":
        return AlarmDrill(name, mails=mails, topics=(), note="is in ALARM already: not tested")
    full = stage.names.alarm(name)
    reached: list[str] = []
    wrong = []
    try:
        for wanted in ("ALARM", "OK"):
            _set(port, full, wanted)
            if (found := _state(port, full)) == wanted:
                reached.append(wanted)
        if reached != ["ALARM", "OK"]:
            wrong.append(f"was set to {wanted}, but its state is {found}")
    except ServerError as error:
        wrong.append(str(error))
    finally:
        if reached[-1:] != ["OK"]:
            wrong += _put_back(port, full)
    return AlarmDrill(name, tuple(reached), mails, state.actions, state.ok_actions, wrong="; ".join(wrong))


def _put_back(port: calls.Port, alarm: str) -> list[str]:
    """Why an alarm could not be set to OK, if so; raised, it would keep the rest from being reported."""
    try:
        with calls.errors():
            # Nothing is to be set back of an alarm that was deleted meanwhile.
            calls.find(port, "cloudwatch", "set_alarm_state", _change(alarm, "OK"))
    except ServerError as error:
        step = f"aws cloudwatch set-alarm-state --alarm-name {alarm} --state-value OK --state-reason DRILL"
        return [f"could not be set back to OK ({error}); set it by hand: {step}"]
    return []


def _set(port: calls.Port, alarm: str, state: str) -> None:
    with calls.errors():
        port.call("cloudwatch", "set_alarm_state", _change(alarm, state))


def _change(alarm: str, state: str) -> Mapping[str, str]:
    return {"AlarmName": alarm, "StateValue": state, "StateReason": _REASON}


def _state(port: calls.Port, alarm: str) -> str:
    with calls.errors():
        found = port.call("cloudwatch", "describe_alarms", {"AlarmNames": [alarm]})["MetricAlarms"]
    if not found:
        raise ServerError(f"the alarm {alarm} was deleted during the drill")
    return str(found[0]["StateValue"])


def _mail(port: calls.Port, stage: Stage, name: str) -> MailDrill:
    try:
        mailed = Mailed.from_payload(invoke_health(port, stage, {KEY: name}, f"the drill of {name!r}"))
    except ServerError as error:
        return MailDrill(name, wrong=str(error))
    return MailDrill(name, mailed.subject, mailed.message_id)


def _key(stage: Stage, alarm: AlarmDrill, state: str, topic: str) -> str:
    return f"{stage.names.alarm(alarm.alarm)} {state} {topic}"


def _keys(received: Sequence[Message]) -> set[str]:
    alarms = {f"{m.alarm[0]} {m.alarm[1]} {m.topic}" for m in received if m.alarm is not None}
    return {message.id for message in received} | alarms


def _evaluated_alarm(plan: DrillPlan, alarm: AlarmDrill, received: Sequence[Message]) -> AlarmDrill:
    full, routing = plan.stage.names.alarm(alarm.alarm), plan.routing
    about = [(m, m.alarm[1]) for m in received if m.alarm is not None and m.alarm[0] == full]
    mailed = [(m.subject, state) for m, state in about if m.topic == routing.people]
    called = [state for m, state in about if m.topic == routing.machines]
    wrong = alarm.wrong
    if not wrong and not alarm.note:
        problems = [_undelivered(alarm, "message", routing.machines, called, alarm.reached)]
        if alarm.mails:
            states, begins = [state for _, state in mailed], alarm.reached[:1]
            problems.append(_undelivered(alarm, "mail", routing.people, states, begins))
        if mailed and not alarm.mails:
            problems.append("sends a mail, although the health check mails this problem")
        wrong = "; ".join(filter(None, problems))
    return replace(alarm, delivered=tuple(s for s, _ in mailed), machines=tuple(called), wrong=wrong)


def _undelivered(alarm: AlarmDrill, what: str, topic: str, states: Sequence[str], due: Sequence[str]) -> str:
    """Why a topic did not get every state that is due to it; empty if it did."""
    if any(topic not in alarm.sends(state) for state in due):
        return f"should send a {what}, but does not send to {topic}"
    missing = [state for state in due if state not in states]
    if not missing:
        return ""
    return f"no {what} about {' and '.join(missing)} arrived on {topic} within {ARRIVE_SECONDS:.0f} s"


def _evaluated_mail(mail: MailDrill, received: Sequence[Message]) -> MailDrill:
    if mail.wrong:
        return mail
    arrived = [message for message in received if message.id == mail.message_id]
    wrong = ""
    if not arrived:
        wrong = f"did not arrive within {ARRIVE_SECONDS:.0f} s"
    elif arrived[0].subject != mail.subject:
        wrong = f"arrived with the subject {arrived[0].subject!r}"
    return MailDrill(mail.name, mail.subject, mail.message_id, bool(arrived), wrong)
