"""Whether a deployed stage is truly healthy: what was seen, what is wrong, what comes next. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connector.domain import metrics
from connector.domain.admin import BY_A_PERSON
from connector.domain.alarm import RUNBOOK
from connector.domain.aws_alarms import alarms_of
from connector.domain.error_classes import NOT_RUNNING, UNKNOWN, classify, named
from connector.domain.lag import lag_now, patience
from connector.domain.names import COMPONENTS, CONNECTOR
from connector.domain.settings import ConnectorSettings
from connector.domain.stage import Stage
from connector.domain.stage_facts import ALARMS, CHECK, MAIL, Facts

_COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
#: How often the health check runs unless its alarm tells.
_USUAL_WINDOW = 1200


@dataclass(frozen=True)
class Wrong:
    """One thing that is not as it must be, and what to do."""

    what: str
    next_step: str


@dataclass(frozen=True)
class Judged:
    """One part: what was seen of it, in words, and what is wrong with it."""

    check: str
    seen: str
    wrong: tuple[Wrong, ...] = ()


Judge = Callable[[Facts, datetime], tuple[str, Iterable[Wrong]]]


def judge(facts: Facts, now: datetime) -> tuple[Judged, ...]:
    """Each part in turn. A reason for not seeing is told once, at the first part that it hides."""
    told: set[str] = set()
    judged = []
    for check, part, look in _CHECKS:
        if facts.kind == "jdbc" and check in ("source", "lag"):
            continue
        reason = facts.blind(part)
        if not reason:
            seen, wrong = look(facts, now)
            judged.append(Judged(check, seen, tuple(wrong)))
            continue
        found = () if reason in told else (Wrong(f"cannot be seen: {reason}", _mend(facts.stage, reason)),)
        told.add(reason)
        judged.append(Judged(check, f"cannot be seen: {reason}", found))
    return tuple(judged)


def launch(stage: Stage) -> str:
    """The command that mends most."""
    return named("connector missing").command_for(stage)


def _mend(stage: Stage, reason: str) -> str:
    """What to do about a reason for not seeing."""
    cause = classify(reason)
    if cause is not UNKNOWN:
        return f"{cause.next_step} ({cause.command_for(stage)})"
    return f"mend what it names; the log group is {stage.names.function_log_group(stage.names.connect_admin)}"


def _stacks(facts: Facts, _now: datetime) -> tuple[str, list[Wrong]]:
    stage, wrong = facts.stage, []
    for component in COMPONENTS:
        name, stack = stage.names.stack(component), facts.stacks.get(component)
        if stack is None:
            wrong.append(Wrong(f"stack {name} does not exist", launch(stage)))
        elif stack.status.endswith("_IN_PROGRESS"):
            wrong.append(
                Wrong(f"stack {name} is {stack.status}", "wait until that has ended, then verify again")
            )
        elif stack.status not in _COMPLETE:
            wrong.append(
                Wrong(f"stack {name} is {stack.status}", f"mend what its events name, then {launch(stage)}")
            )
    return ", ".join(f"{name} {stack.status}" for name, stack in facts.stacks.items()), wrong


def _protection(facts: Facts, _now: datetime) -> tuple[str, list[Wrong]]:
    if facts.stage.ephemeral:
        return "an ephemeral stage needs none", []
    open_ones = [facts.stage.names.stack(name) for name, s in facts.stacks.items() if not s.protected]
    wrong = [Wrong(f"stack {name} may be deleted by accident", launch(facts.stage)) for name in open_ones]
    return f"{len(facts.stacks) - len(open_ones)} of {len(facts.stacks)} stacks", wrong


def _service(facts: Facts, _now: datetime) -> tuple[str, list[Wrong]]:
    service, stage = facts.part("service"), facts.stage
    desired, running = service.get("desired", 0), service.get("running", 0)
    rollout = service.get("rollout") or "unknown"
    last = f"; last task stopped: {service['last_stop']}" if service.get("last_stop") else ""
    workers = f" on {', '.join(service.get('workers') or ())}" if service.get("workers") else ""
    seen = f"{running} of {desired} tasks running{workers}, deployment {rollout}{last}"
    wrong = []
    if desired == 0:
        wrong.append(Wrong("no worker is wanted: the desired count is 0", launch(stage)))
    elif running < desired:
        wrong.append(Wrong(f"{running} of {desired} tasks running{last}", named("worker").command_for(stage)))
    if rollout == "FAILED":
        wrong.append(Wrong(f"ECS gave up the deployment{last}", f"mend the cause, then {launch(stage)}"))
    elif rollout != "COMPLETED":
        wrong.append(Wrong(f"the deployment is {rollout}", "wait until it has ended, then verify again"))
    return seen, wrong


def _connect(facts: Facts, _now: datetime) -> tuple[str, list[Wrong]]:
    return f"Connect {facts.part('connect').get('version')} answers", []


def _connector(facts: Facts, _now: datetime) -> tuple[str, list[Wrong]]:
    stage, found = facts.stage, facts.part("connector")
    state, tasks = str(found.get("state")), found.get("tasks") or []
    parts = [(CONNECTOR, state, found), *((f"task {t['id']}", str(t["state"]), t) for t in tasks)]
    seen = ", ".join(f"{who} {is_} {on}".strip() for who, is_, on in map(_shown, parts))
    if state == "missing":
        return seen, [Wrong(f"Connect has no connector {CONNECTOR}", launch(stage))]
    if state in BY_A_PERSON:
        return seen, [
            Wrong(f"{CONNECTOR} is {state}: a person did that", f"wms-connector resume {stage.name}")
        ]
    wrong = [_failed(stage, who, is_, fact) for who, is_, fact in parts if is_ != "RUNNING"]
    if state == "RUNNING" and not tasks:
        wrong.append(_idle(stage, f"{CONNECTOR} has no task"))
    if found.get("config_as_wanted") is False:
        wrong.append(Wrong("its config is not what secrets and settings make of it now", launch(stage)))
    return seen, wrong


def _shown(part: tuple[str, str, Mapping[str, Any]]) -> tuple[str, str, str]:
    who, state, facts = part
    place = f"on {facts['worker']}" if facts.get("worker") else ""
    return who, state, f"({facts['cause']})" if facts.get("cause") else place


def _failed(stage: Stage, who: str, state: str, facts: Mapping[str, Any]) -> Wrong:
    if state != "FAILED" and not facts.get("cause"):
        return _idle(stage, f"{who} is {state}")
    cause = named(facts["class"]) if facts.get("class") else UNKNOWN
    words = facts.get("cause") or "no trace"
    what = f"{who} is {state}: {words} (class {cause.name}, owner {cause.owner.value})"
    return Wrong(what, f"{cause.next_step} ({cause.command_for(stage)})")


def _idle(stage: Stage, what: str) -> Wrong:
    """What does not run, though nothing has failed. A rebalance passes; no restart mends what stays so."""
    later = f"{NOT_RUNNING.next_step} ({NOT_RUNNING.command_for(stage)})"
    return Wrong(what, f"verify again in a minute; if it lasts, {later}")


def _silent(facts: Facts) -> str:
    """Why no listener of the database accepts a connection; empty when one does, or nobody knows."""
    found = facts.part("database").get("listeners") or {}
    return "; ".join(f"{where}: {why}" for where, why in found.items()) if all(found.values()) else ""


def _database(facts: Facts, _now: datetime) -> tuple[str, list[Wrong]]:
    silent = _silent(facts)
    if not silent:
        return "accepts connections", []
    cause = named("unreachable")
    what = f"the database accepts no connection: {silent}"
    return silent, [Wrong(what, f"{cause.next_step} ({cause.command_for(facts.stage)})")]


def _source(facts: Facts, _now: datetime) -> tuple[str, list[Wrong]]:
    source = facts.part("connector").get("source") or {}
    if "error" in source:
        return str(source["error"]), [
            Wrong(f"the worker shows no metrics: {source['error']}", named("worker").command_for(facts.stage))
        ]
    if not source:
        return "no task runs, so nothing is read", []
    queue = source.get("queue_filled")
    filled = "" if queue is None else f", queue {queue:.0%} full"
    seen = f"{'connected' if source.get('connected') else 'not connected'}: {source.get('summary')}{filled}"
    if source.get("connected"):
        return seen, []
    if _silent(facts):
        return seen, [Wrong(str(source.get("summary")), "see the database")]
    cause = named("untold")
    return seen, [Wrong(str(source.get("summary")), f"{cause.next_step} ({cause.command_for(facts.stage)})")]


def _lag(facts: Facts, _now: datetime) -> tuple[str, list[Wrong]]:
    source = facts.part("connector").get("source") or {}
    measured, event = source.get("lag_seconds"), source.get("seconds_since_last_event")
    # A function of an older version does not tell its patience; when the newest heartbeat came, none does.
    longest = source.get("patience_seconds", patience(ConnectorSettings().heartbeat_seconds))
    lag = lag_now(measured, event, longest, None)
    once = "" if measured is None else f": {measured:.1f} s behind the database at the last change"
    told = [
        f"not known{once}" if lag is None else f"{lag:.1f} s behind the database",
        "no event seen yet" if event is None else f"last event {event:.0f} s ago",
        "a snapshot runs" if source.get("snapshot_running") else "no snapshot runs",
    ]
    alarm = metrics.metric("ReplicationLagSeconds").alarm
    wrong = []
    if alarm is not None and lag is not None and lag >= alarm.threshold:
        what = f"{lag:.0f} s behind the database, {alarm.threshold:.0f} s or more are too many"
        wrong.append(Wrong(what, f"{alarm.first_step} ({alarm.link})"))
    return ", ".join(told), wrong


def _topics(facts: Facts, _now: datetime) -> tuple[str, list[Wrong]]:
    found, again = facts.part("topics"), launch(facts.stage)
    wrong = [
        *(Wrong(f"topic {topic} does not exist", again) for topic in found.get("missing", ())),
        *(Wrong(f"topic {topic} {how}", again) for topic, how in found.get("different", {}).items()),
        *(Wrong(text, "see what it says") for text in found.get("wrong", ())),
    ]
    return f"{len(found.get('wanted', ())) - len(wrong)} of {len(found.get('wanted', ()))} as wanted", wrong


def _record(facts: Facts, _now: datetime) -> tuple[str, list[Wrong]]:
    found, again = facts.part("record"), launch(facts.stage)
    if not found.get("written"):
        return "none", [Wrong("the stage was never registered: it has no record", again)]
    equal = found.get("config_hash") == found.get("config_hash_wanted")
    wrong = []
    if found.get("retiring"):
        ending = f"finish it (sceptre delete ephemeral/{facts.stage.name}), or end it by {again}"
        wrong.append(Wrong("a teardown has begun", ending))
    if not equal:
        wrong.append(Wrong("what was registered is not what secrets and settings make of it now", again))
    retiring = "a teardown has begun" if found.get("retiring") else "not retiring"
    return f"registered config {'as wanted' if equal else 'differs from the wanted one'}, {retiring}", wrong


def _secrets(facts: Facts, _now: datetime) -> tuple[str, list[Wrong]]:
    changed = facts.part("record").get("secrets_changed") or ()
    versions = facts.part("secrets").get("versions") or {}
    wrong = [
        Wrong(f"secret {path} has a newer version than the connector uses", launch(facts.stage))
        for path in changed
    ]
    return f"{len(versions) - len(changed)} of {len(versions)} as when the connector was verified", wrong


def _healing(facts: Facts, _now: datetime) -> tuple[str, list[Wrong]]:
    found = facts.part("healing")
    incident = found.get("incident")
    seen = f"{found.get('restarts_left')} of {found.get('restarts_allowed')} restarts left in this hour"
    if not incident:
        return f"{seen}, no incident open", []
    since = datetime.fromtimestamp(incident["since"], UTC).strftime("%Y-%m-%d %H:%M UTC")
    told = f"an incident is open since {since}: {incident['title']}"
    section = str(incident["title"]).partition(" ")[0].lower()
    return f"{seen}; {told}", [Wrong(told, f"see its mail, and {RUNBOOK}#{section}")]


def _alarms(facts: Facts, _now: datetime) -> tuple[str, list[Wrong]]:
    wanted = alarms_of(facts.stage.names, facts.kind, facts.alarms)
    missing = [name for name in wanted if name not in facts.alarms]
    ringing = [name for name, alarm in facts.alarms.items() if alarm.state == "ALARM"]
    wrong = [
        Wrong(f"there is no alarm {facts.stage.names.alarm(name)}", launch(facts.stage)) for name in missing
    ]
    for name in ringing:
        alarm = wanted[name]
        wrong.append(Wrong(f"{name} is in ALARM: {alarm.what}", f"{alarm.first_step} ({alarm.link})"))
    return f"{len(facts.alarms)} stand, in ALARM: {', '.join(ringing) or 'none'}", wrong


def _mail(facts: Facts, _now: datetime) -> tuple[str, list[Wrong]]:
    shown = [
        f"{s.endpoint} {'confirmed' if s.confirmed else 'PendingConfirmation'}" for s in facts.subscriptions
    ]
    wrong = [
        Wrong(
            f"{s.endpoint} gets no mail: its subscription is PendingConfirmation",
            "let its owner follow the link in AWS's mail; after three days ask for a new one in SNS",
        )
        for s in facts.subscriptions
        if not s.confirmed
    ]
    if not facts.subscriptions and not facts.stage.ephemeral:
        step = f"put addresses into the secret alertEmails, then {launch(facts.stage)}"
        wrong.append(Wrong(f"nobody is subscribed to {facts.stage.names.sns_topic}", step))
    return ", ".join(shown) or "nobody is mailed", wrong


def _check(facts: Facts, now: datetime) -> tuple[str, list[Wrong]]:
    alarm = facts.alarms.get("HealthCheckFailed")
    window = (alarm.window if alarm else 0) or _USUAL_WINDOW
    names = facts.stage.names
    minutes = window // 120
    every = "every minute" if minutes == 1 else f"every {minutes} minutes, and first so long after a launch"
    step = f"read {names.function_log_group(names.connect_health)}; it runs {every}"
    if facts.checked_at is None:
        return "none seen", [Wrong("no health check has run lately, so nobody watches this stage", step)]
    age = (now - facts.checked_at).total_seconds()
    seen = f"{max(0, age) / 60:.0f} minutes ago{', and it failed' if facts.check_failed else ''}"
    wrong = []
    if age > window + 60:
        wrong.append(Wrong(f"the last health check ran {age / 60:.0f} minutes ago", step))
    if facts.check_failed:
        wrong.append(Wrong("the last health check could not do its work", step))
    return seen, wrong


#: What is checked: its title, the part in which it is seen, and how it is judged.
_CHECKS: tuple[tuple[str, str, Judge], ...] = (
    ("stacks", "", _stacks),
    ("termination protection", "", _protection),
    ("secrets", "secrets", _secrets),
    ("service", "service", _service),
    ("Connect", "connect", _connect),
    ("connector", "connector", _connector),
    ("database", "database", _database),
    ("source", "connector", _source),
    ("lag", "connector", _lag),
    ("topics", "topics", _topics),
    ("stage record", "record", _record),
    ("healing", "healing", _healing),
    ("alarms", ALARMS, _alarms),
    ("mail", MAIL, _mail),
    ("health check", CHECK, _check),
)
