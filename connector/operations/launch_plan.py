"""What a launch of a stage would do, whole, as Sceptre, AWS and the stage's function say it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from connector.aws import calls
from connector.aws.admin_function import Clock, NoFunction
from connector.domain.admin_api import Operation
from connector.domain.capture.acls import acls
from connector.domain.capture.broker_script import wanted_topics
from connector.domain.capture.config import connector_config
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import OperatorError, ServerError
from connector.domain.secrets.brokers import KafkaAuth, choose_auth, parse_brokers
from connector.domain.secrets.database import parse_database
from connector.domain.secrets.redactor import Redactor
from connector.domain.secrets.secrets import (
    BROKER_STRING,
    DB_INFO,
    KAFKA_CREDENTIALS,
    KAFKA_TLS,
    StoredSecret,
    parse_kafka_credentials,
)
from connector.domain.stage import cost, launch_plan, stack_states
from connector.domain.stage.guarded_changes import SETTING, GuardedChange, parse_confirmed
from connector.domain.stage.launch_plan import LaunchPlan, PlannedChange
from connector.domain.stage.stage import Stage
from connector.domain.stage.topic_plan import plan_topics
from connector.operations.config_diff import answer_with
from connector.operations.signs import Show
from connector.operations.turns import Turn
from connector.operations.worker_change import compared as worker_changes
from connector.sceptre import preflight, stack_diff
from connector.sceptre import stack as sceptre_stack
from connector.sceptre.stack_diff import ComparedStack

Secrets = Mapping[str, StoredSecret]


@dataclass
class _Inside:
    """What is seen from inside the VPC only; each part that is not known has its reason in `unknown`."""

    changes: list[PlannedChange] = field(default_factory=list)
    guarded: list[GuardedChange] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def plan_launch(project: Path, stage: Stage, show: Show) -> LaunchPlan:
    """The plan of `sceptre launch` for the stage's directory in `project`. Changes nothing.

    Raises `WmsError` with what such a launch would be refused for before it changes anything.
    """
    group = stack_states.group_of(stage)
    if not (project / "config" / group).is_dir():
        make = f"; run `wms-connector ephemeral create {stage.name}` first" if stage.ephemeral else ""
        raise OperatorError(f"{project} has no config/{group}, so there is nothing to launch{make}")
    with stack_diff.refusals():
        stacks = stack_diff.read(project, group)
        first: sceptre_stack.SceptreStack = next(iter(stacks))
        connection, config = first.connection_manager, first.stack_group_config
        Turn(connection, stage, Clock(), show).examine(first)
        secrets = preflight.admit_reading(first)
        compared = stack_diff.compare(stacks)
    settings = ConnectorSettings.parse(config.get("connector") or {})
    inside = _inside(connection, stage, settings, config, secrets)
    inside.changes += _database_rights(compared, settings, inside)
    changes = chain(
        *(launch_plan.stack_changes(each.name, each.before, each.after) for each in compared),
        inside.changes,
    )
    own = f"{sceptre_stack.secret_prefix(first)}/{stage.name}/"
    own_secrets = sum(stored.path.startswith(own) for stored in secrets.values())
    redact = _redactor(secrets).redact_values
    return LaunchPlan(
        stage.name,
        tuple(_redacted(change, redact) for change in changes),
        cost.counted(
            [each.before for each in compared if each.before], own_secrets, ephemeral=stage.ephemeral
        ),
        cost.counted([each.after for each in compared], own_secrets, ephemeral=stage.ephemeral),
        replaces_workers=_replaced(compared),
        guarded=tuple(inside.guarded),
        confirmed=parse_confirmed(config.get(SETTING)),
        unknown=tuple(map(redact, inside.unknown)),
    )


def _inside(
    port: calls.Port,
    stage: Stage,
    settings: ConnectorSettings,
    config: Mapping[str, Any],
    secrets: Secrets,
) -> _Inside:
    """Connector, topics and rights on the brokers, as the function that stands compares them."""
    found = _Inside()
    if str(config.get("desired_count")) == "0":
        return found  # nothing is registered, and no worker joins the brokers
    try:
        details = answer_with(port, stage, settings, Operation.CONFIG_DIFF).details
    except NoFunction:
        return _first_launch(stage, settings, config, secrets)
    except ServerError as error:
        found.unknown.append(f"connector, topics and rights on the brokers: {error}")
        return found
    found.changes += launch_plan.connector_changes(details["differences"])
    found.changes += launch_plan.topic_changes(details.get("topics", {}))
    found.changes += launch_plan.broker_rights(details.get("rights") or ())
    if details.get("problem"):
        found.unknown.append(str(details["problem"]))
    elif "rights" not in details:
        found.unknown.append(
            "rights on the brokers: the function that stands is of an earlier release; a launch renews it "
            "and checks them before it touches a worker"
        )
    try:
        answer = answer_with(port, stage, settings, Operation.CHANGES)
    except ServerError as error:
        found.unknown.append(f"what cannot be undone: {error}")
    else:
        found.guarded += (GuardedChange(**each) for each in answer.details.get("changes", ()))
    return found


def _first_launch(
    stage: Stage, settings: ConnectorSettings, config: Mapping[str, Any], secrets: Secrets
) -> _Inside:
    """Everything is new. Nobody has asked the brokers yet, so every right is named that they must give."""
    auth = choose_auth(config.get("kafka_auth") or None, parse_brokers(secrets[BROKER_STRING]))
    database = parse_database(secrets[DB_INFO])
    wanted = connector_config(stage, database, auth, settings, private_ca=KAFKA_TLS in secrets)
    topics = plan_topics(wanted_topics(stage, settings), {}, {}).described({}, {})
    by_acl = auth in (KafkaAuth.SCRAM, KafkaAuth.TLS)
    return _Inside(
        [
            *launch_plan.connector_changes({key: (None, value) for key, value in wanted.items()}),
            *launch_plan.topic_changes(topics),
            *launch_plan.broker_rights(map(str, acls(stage, settings) if by_acl else ())),
        ]
    )


def _database_rights(
    compared: Sequence[ComparedStack], settings: ConnectorSettings, found: _Inside
) -> Sequence[PlannedChange]:
    """What the DBA must grant beyond what the settings needed with which the stage was launched."""
    functions = next(each for each in compared if each.component == "functions")
    if not functions.before:
        return tuple(launch_plan.database_rights(None, settings))
    before = cost.settings_in(functions.before.get("Resources", {}).values())
    if before is None:
        found.unknown.append(
            f"rights in the database: the settings with which stack {functions.name} was launched are of "
            "another release"
        )
        return ()
    return tuple(launch_plan.database_rights(before, settings))


def _replaced(compared: Sequence[ComparedStack]) -> tuple[str, ...]:
    """Why the workers that run are replaced."""
    workers = next(each for each in compared if each.component == "connector")
    return worker_changes(workers.before, workers.after) if workers.before else ()


def _redacted(change: PlannedChange, redact: Callable[[Any], Any]) -> PlannedChange:
    shown = {name: redact(getattr(change, name)) for name in ("name", "place", "before", "after")}
    return replace(change, **shown)


def _redactor(secrets: Secrets) -> Redactor:
    """Knows what is confidential: somebody may have written it by hand into what stands."""
    redactor = Redactor()
    redactor.add_brokers(parse_brokers(secrets[BROKER_STRING]))
    redactor.add_database(parse_database(secrets[DB_INFO]))
    if KAFKA_CREDENTIALS in secrets:
        user, password = parse_kafka_credentials(secrets[KAFKA_CREDENTIALS])
        redactor.add(password)
        redactor.add_words(user)
    return redactor
