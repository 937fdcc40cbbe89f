"""Whether a deployed stage is healthy: its function's findings, and what is seen from outside. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from connector.domain.diagnosis.classes import UNKNOWN
from connector.domain.health.alarm import Alarm
from connector.domain.health.aws_alarms import alarms_of
from connector.domain.health.check_result import CheckResult, launch, step_of
from connector.domain.health.error_classes import classify, named
from connector.domain.health.facts import ADMIN, ALARMS, CHECK, MAIL, PAGERS, AlarmState, Facts
from connector.domain.stage import stack_states
from connector.domain.stage.aws_names import COMPONENTS
from connector.domain.stage.stack_states import StackStep

#: The window of the health check's alarm, in seconds, where the alarm could not be read.
_USUAL_WINDOW = 1200
#: The alarm that rings when checks fail, or none runs.
_CHECK_ALARM = "HealthCheckFailed"


def evaluate(facts: Facts, now: datetime) -> tuple[CheckResult, ...]:
    """Every check of a stage: the function's findings, by its own version's rules, and those from outside."""
    return (
        *_stacks(facts),
        *_protection(facts),
        *_inside(facts),
        *(_unavailable(facts, ALARMS, "alarms") or _alarms(facts, now)),
        *(_unavailable(facts, MAIL, "mail") or _mail(facts)),
        *(_unavailable(facts, PAGERS, "pagers") or _pagers(facts)),
        *(_unavailable(facts, CHECK, "health check") or _last_check(facts, now)),
    )


def _good(name: str, summary: str) -> CheckResult:
    return CheckResult(name, ok=True, summary=summary)


def _bad(name: str, reason: str, next_step: str) -> CheckResult:
    return CheckResult(name, ok=False, reason=reason, next_step=next_step)


def _inside(facts: Facts) -> Sequence[CheckResult]:
    return _unavailable(facts, ADMIN, "admin function") or facts.findings


def _unavailable(facts: Facts, part: str, name: str) -> Sequence[CheckResult]:
    """The result for a part that could not be read; none when it could."""
    reason = facts.unavailable.get(part)
    if reason is None:
        return ()
    cause = classify(reason)
    names = facts.stage.names
    step = f"fix that error; the log group is {names.function_log_group(names.connect_admin)}"
    # Of a call that failed, words about a connection are not about the connector's.
    if cause not in (UNKNOWN, named("network")):
        step = step_of(cause, facts.stage)
    return (CheckResult(name, ok=None, reason=f"cannot be checked: {reason}", next_step=step),)


def _stacks(facts: Facts) -> Sequence[CheckResult]:
    stage, wrong = facts.stage, []
    for component in COMPONENTS:
        name, stack = stage.names.stack(component), facts.stacks.get(component)
        if stack is None:
            wrong.append(_bad("stacks", f"stack {name} does not exist", launch(stage)))
        elif stack_states.step_for(stack.status) is not StackStep.NOTHING:
            step = stack_states.next_step(stage, name, stack.status)
            wrong.append(_bad("stacks", f"stack {name} is {stack.status}", step))
    seen = ", ".join(f"{name} {stack.status}" for name, stack in facts.stacks.items())
    return wrong or [_good("stacks", seen)]


def _protection(facts: Facts) -> Sequence[CheckResult]:
    name = "termination protection"
    if facts.stage.ephemeral:
        return [_good(name, "not needed for an ephemeral stage")]
    unprotected = [facts.stage.names.stack(name) for name, s in facts.stacks.items() if not s.protected]
    wrong = [
        _bad(name, f"stack {stack} has no termination protection", launch(facts.stage))
        for stack in unprotected
    ]
    return wrong or [_good(name, f"{len(facts.stacks)} of {len(facts.stacks)} stacks")]


def _alarms(facts: Facts, now: datetime) -> Sequence[CheckResult]:
    wanted = alarms_of(facts.stage.names, facts.kind, facts.alarms)
    wrong = [
        _bad("alarms", f"alarm {facts.stage.names.alarm(name)} does not exist", launch(facts.stage))
        for name in wanted
        if name not in facts.alarms
    ]
    topic = facts.stage.names.alarms_topic
    silent = [name for name, alarm in facts.alarms.items() if topic not in alarm.topics]
    if silent:
        reason = f"{len(silent)} of {len(facts.alarms)} alarms do not send to {topic}: {', '.join(silent)}"
        wrong.append(_bad("alarms", reason, launch(facts.stage)))
    ringing = {name: alarm for name, alarm in facts.alarms.items() if alarm.state == "ALARM"}
    if _first_check_due(facts, now):
        # No check has run yet, so this alarm says what everybody knows.
        ringing.pop(_CHECK_ALARM, None)
    wrong += [_in_alarm(facts, name, wanted[name], alarm) for name, alarm in ringing.items()]
    silent_yet = sum(alarm.state == "INSUFFICIENT_DATA" for alarm in facts.alarms.values())
    empty = f", {silent_yet} have no data yet" if silent_yet else ""
    return wrong or [_good("alarms", f"{len(facts.alarms)} exist, none is in ALARM{empty}")]


def _in_alarm(facts: Facts, name: str, alarm: Alarm, found: AlarmState) -> CheckResult:
    """An alarm in ALARM; not sure where what it watches is well again: it looks back at earlier checks."""
    step = _first_action(facts, alarm)
    now_well = any(finding.name == name and finding.ok for finding in facts.findings)
    if name == _CHECK_ALARM or not now_well or not found.window:
        return _bad("alarms", f"{name} is in ALARM: {alarm.description}", step)
    reason = f"{name} is in ALARM, but what it watches is well now"
    clears = f"it clears within {-(-found.window // 60)} minutes after the next health check"
    return CheckResult(
        "alarms", ok=None, reason=reason, next_step=f"{clears}; nothing needs to be done until then"
    )


def _first_action(facts: Facts, alarm: Alarm) -> str:
    return f"{alarm.text_step(facts.stage).removesuffix('.')} ({alarm.link})"


def _mail(facts: Facts) -> Sequence[CheckResult]:
    step = (
        "its owner must follow the link in AWS's mail; the link expires after three days, then request a "
        "new one in SNS"
    )
    wrong = [
        _bad("mail", f"{s.endpoint} gets no mail: its subscription is PendingConfirmation", step)
        for s in facts.subscriptions
        if not s.confirmed
    ]
    if not facts.subscriptions and not facts.stage.ephemeral:
        step = f"put addresses into the secret alertEmails, then {launch(facts.stage, 'alerts.yaml')}"
        wrong.append(_bad("mail", f"nobody is subscribed to {facts.stage.names.sns_topic}", step))
    shown = ", ".join(f"{s.endpoint} confirmed" for s in facts.subscriptions)
    return wrong or [_good("mail", shown or "no subscription")]


def _pagers(facts: Facts) -> Sequence[CheckResult]:
    """A pager is not demanded; one that was subscribed and never confirmed gets nothing."""
    step = "confirm the subscription as the pager's manual says, or delete it in SNS"
    wrong = [
        _bad("pagers", f"{s.protocol} {s.endpoint} gets no alarm: it is PendingConfirmation", step)
        for s in facts.pagers
        if not s.confirmed
    ]
    shown = ", ".join(f"{s.protocol} {s.endpoint} confirmed" for s in facts.pagers)
    return wrong or [_good("pagers", shown or "no subscription")]


def _window(facts: Facts) -> int:
    """How far the health check's alarm looks back, in seconds: two checks and no less."""
    alarm = facts.alarms.get(_CHECK_ALARM)
    return (alarm.window if alarm else 0) or _USUAL_WINDOW


def _first_check_due(facts: Facts, now: datetime) -> datetime | None:
    """When the first check of a stage that was just launched runs at the latest; None for any other stage.

    A rule with a rate starts when it is made (EventBridge User Guide, "Rate-based schedules").
    """
    rules = facts.stacks.get("events")
    if facts.checked_at is not None or rules is None or rules.created is None:
        return None
    due = rules.created + timedelta(seconds=_window(facts) // 2 + 60)
    return due if now <= due else None


def _last_check(facts: Facts, now: datetime) -> Sequence[CheckResult]:
    name = "health check"
    window = _window(facts)
    names = facts.stage.names
    minutes = window // 120
    every = (
        "every minute"
        if minutes == 1
        else f"every {minutes} minutes, for the first time that long after a launch"
    )
    step = f"read {names.function_log_group(names.connect_health)}; the check runs {every}"
    due = _first_check_due(facts, now)
    if due is not None:
        now_step = f"`wms-connector check {facts.stage.name}` runs one now"
        return [_good(name, f"the first one is due by {due:%H:%M} UTC; {now_step}")]
    if facts.checked_at is None:
        return [_bad(name, "no health check has run recently, so this stage is not monitored", step)]
    age = (now - facts.checked_at).total_seconds()
    wrong = []
    if age > window + 60:
        wrong.append(_bad(name, f"the last health check ran {age / 60:.0f} minutes ago", step))
    if facts.check_failed:
        wrong.append(_bad(name, "the last health check failed", step))
    return wrong or [_good(name, f"{max(0, age) / 60:.0f} minutes ago")]
