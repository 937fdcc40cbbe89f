"""Preflight checks: everything that can be checked before a launch changes anything.

Sceptre runs hooks stack by stack, so a mistake that only a later template finds would show when earlier
stacks exist already. Here every template of the stage is rendered, in memory and from the real settings and
secrets, before the first stack is read.
"""

import json
import logging
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sceptre.config.reader import (
    CONFIG_MERGE_STRATEGIES,
    STACK_CONFIG_ATTRIBUTES,
    STACK_GROUP_CONFIG_ATTRIBUTES,
    ConfigReader,
)
from sceptre.context import SceptreContext
from sceptre.exceptions import SceptreException
from sceptre.plan.actions import StackActions
from sceptre.stack import Stack

from connector.aws import calls, claims, region
from connector.aws import stacks as aws_stacks
from connector.aws.place import place
from connector.domain.errors import MissingSecret, OperatorError
from connector.domain.secrets import fallback, secrets
from connector.domain.secrets.brokers import KafkaAuth, choose_auth, parse_brokers
from connector.domain.secrets.fallback import Fetch
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.secrets.shapes import check_shape, parse_boundary
from connector.domain.stage import aws_names, ownership
from connector.domain.stage.stage import NAMED_STAGES, Stage
from connector.sceptre import account_checks, doubled_keys, settings
from connector.sceptre import planned as planned_stacks
from connector.sceptre import stack as sceptre_stack
from connector.sceptre.jinja import COMMON_HOOKS

_REQUIRED = (
    secrets.VPC,
    secrets.IAM_PATH,
    secrets.IAM_BOUNDARY,
    secrets.BROKER_STRING,
    secrets.DB_INFO,
    secrets.ALERT_EMAILS,
)

#: Where Sceptre runs hooks (it decorates those actions); it ignores any other word.
_HOOK_POINTS = tuple(
    f"{when}_{name}"
    for name, action in sorted(vars(StackActions).items())
    if hasattr(action, "__wrapped__")
    for when in ("before", "after")
)

#: Keys of a stack file; Sceptre ignores any other, and adds the last ones itself.
_STACK_KEYS = tuple(
    sorted(
        {*CONFIG_MERGE_STRATEGIES, *STACK_CONFIG_ATTRIBUTES.optional, *STACK_GROUP_CONFIG_ATTRIBUTES.optional}
        | {"disable_rollback", "project_path", "stack_group_path"}
    )
)

#: The settings model that refuses: a name for us, not for an operator.
_MODEL = re.compile(r"^\w+Settings: ")


def check_path(stack: sceptre_stack.SceptreStack) -> None:
    """Refuse a command for several stages at once: Sceptre would change one before it checks the next."""
    typed = stack.stack_group_config.get("launch_path")
    if typed is None:
        return
    config = Path(str(stack.stack_group_config["project_path"]), "config")
    wanted = Path(os.path.normpath(config / str(typed)))
    if not wanted.is_relative_to(config / sceptre_stack.group_of(stack)):
        raise OperatorError(
            f"the path {typed!r} is not a stage; nothing was changed. Use one of: "
            f"{', '.join((sceptre_stack.FOUNDATION_GROUP, *NAMED_STAGES))} or ephemeral/<branch>"
        )


def covers(stack: sceptre_stack.SceptreStack, component: str = "") -> bool:
    """Whether the command is for the stack's whole stage, or for the file of `component`."""
    typed = stack.stack_group_config.get("launch_path")
    if typed is None:
        return True
    config = Path(str(stack.stack_group_config["project_path"]), "config")
    wanted, group = Path(os.path.normpath(config / str(typed))), config / sceptre_stack.group_of(stack)
    return wanted == group or (bool(component) and wanted.with_suffix("") == group / component)


def touched(stack: sceptre_stack.SceptreStack) -> frozenset[str] | None:
    """The stacks that a command for one file may change: its own and those it needs. None stands for all."""
    typed = stack.stack_group_config.get("launch_path")
    if typed is None or covers(stack):
        return None
    found = {str(sibling.name): sibling for sibling in stacks_of_stage(stack)}
    wanted = [os.path.normpath(str(typed)).removesuffix(".yaml")]
    names: set[str] = set()
    while wanted:
        sibling = found.get(wanted.pop())
        if sibling is None:
            return None
        names.add(str(sibling.external_name))
        wanted += [str(other.name) for other in sibling.dependencies]
    return frozenset(names)


def admit(stack: sceptre_stack.SceptreStack) -> list[Stack]:
    """Raise the first thing that would make this launch fail, while nothing has been changed.

    Returns the stage's stacks, whose templates are rendered.
    """
    stage = sceptre_stack.stage_of(stack)
    config = stack.stack_group_config
    project, group = Path(str(config["project_path"])), sceptre_stack.group_of(stack)
    doubled_keys.refuse(project, group)
    settings.refuse_unknown(config)
    settings.refuse_sceptres(project, group)
    settings.check_settings(config)
    connection = stack.connection_manager
    account = check_place(config, connection)
    aws_stacks.foundation_outputs(connection)
    in_force = _check_secrets(stack, stage, account)
    account_checks.check_account(connection, in_force, config, account)
    found = stacks_of_stage(stack)
    check_stacks(found)
    return found


def check_names(new: Iterable[Stack], stage: Stage | None, show: Callable[[str], object]) -> None:
    """Raise if a stack that does not exist yet would create something whose name is taken."""
    stacks = list(new)
    wanted = [claim for stack in stacks for claim in ownership.claims(template_of(stack))]
    if not wanted:
        return
    found = claims.taken(stacks[0].connection_manager, wanted)
    if found.denied:
        show(
            f"these credentials may not call {', '.join(found.denied)}, so it is not checked whether names "
            "are taken; CloudFormation says so when it creates them"
        )
    if found.claims:
        raise OperatorError(ownership.collision(stage, found.claims, place(stacks[0].connection_manager)))


def template_of(stack: Stack) -> Mapping[str, Any]:
    """A stack's template, which is JSON in every module of ours. Sceptre puts YAML's marker before it."""
    body: Mapping[str, Any] = json.loads(str(stack.template.body).removeprefix("---"))
    return body


def admit_reading(stack: sceptre_stack.SceptreStack) -> Mapping[str, StoredSecret]:
    """Raise what a launch would refuse in the secrets, for a command that only shows what would be.

    Answers the secrets in force, by name.
    """
    stage = sceptre_stack.stage_of(stack)
    return _check_secrets(stack, stage, check_place(stack.stack_group_config, stack.connection_manager))


def _check_secrets(
    stack: sceptre_stack.SceptreStack, stage: Stage, account: str
) -> Mapping[str, StoredSecret]:
    connection, config = stack.connection_manager, stack.stack_group_config
    foundation = aws_stacks.stack_outputs(connection, aws_names.FOUNDATION_STACK) or {}
    fetch = sceptre_stack.SECRETS.fetcher(connection)
    try:
        found = check_secrets(stage, config, sceptre_stack.secret_prefix(stack), fetch, account)
    except MissingSecret as error:
        # In another account or region it may be there.
        script = f"`wms-connector secret-script {stage.name}` prints the commands"
        raise MissingSecret(f"{error} in {place(connection)} ({script})") from None
    account_checks.check_secret_keys(connection, found, config, foundation)
    return found


def check_place(config: Mapping[str, Any], connection: calls.Port) -> str:
    """The current account; raises when the settings allow only another account or region."""
    if connection.region == region.DEFAULT_REGION:
        region.region()  # raises when nobody chose that one
    regions = settings.regions_of(config)
    if regions and connection.region not in regions:
        raise OperatorError(
            f"region {connection.region} is not in allowed_regions ({', '.join(regions)}); "
            "set AWS_REGION, or change allowed_regions in config.yaml"
        )
    account = str(connection.call("sts", "get_caller_identity")["Account"])
    wanted = settings.account_of(config)
    if wanted is not None and account != wanted:
        raise OperatorError(
            f"these credentials are for account {account}, but the setting account_id is {wanted}; "
            "use credentials of that account, or change account_id in config.yaml"
        )
    return account


def check_secrets(
    stage: Stage, config: Mapping[str, Any], prefix: str, fetch: Fetch, account: str
) -> Mapping[str, StoredSecret]:
    """Every secret that the stage needs exists, can be read and has its shape, alone and together.

    Answers the secrets in force, by name.
    """
    found: dict[str, StoredSecret] = {}
    for name in _REQUIRED:
        found[name] = fallback.require_secret(prefix, stage, name, fetch)
        check_shape(name, found[name])
    for name in (secrets.ALB_TLS, secrets.KAFKA_TLS):
        optional = fallback.find_secret(prefix, stage, name, fetch)
        if optional is not None:
            check_shape(name, optional)
            found[name] = optional
    brokers = parse_brokers(found[secrets.BROKER_STRING])
    auth = choose_auth(config.get("kafka_auth") or None, brokers)
    if auth is KafkaAuth.SCRAM:
        credentials = fallback.require_secret(prefix, stage, secrets.KAFKA_CREDENTIALS, fetch)
        check_shape(secrets.KAFKA_CREDENTIALS, credentials)
        found[secrets.KAFKA_CREDENTIALS] = credentials
    if brokers.public and not config.get("broker_cidrs"):
        raise OperatorError(
            f"secret {brokers.path} names the brokers by MSK's public addresses, which are in none of the "
            "stage's subnets; set broker_cidrs in config.yaml to their address blocks, or use private names"
        )
    _check_recipients(stage, config, found[secrets.ALERT_EMAILS])
    _check_boundary(found[secrets.IAM_BOUNDARY], account)
    _check_subnets(found[secrets.VPC], str(config.get("subnets") or settings.SUBNET_KINDS[0]))
    return found


def _check_recipients(stage: Stage, config: Mapping[str, Any], stored: StoredSecret) -> None:
    """A stage that sends mail needs an address: without one its alarms reach nobody, and nobody notices."""
    setting = config.get("subscribe")
    subscribes = not stage.ephemeral if setting in (None, "") else setting is True
    if subscribes and not secrets.parse_alert_emails(stored):
        raise OperatorError(
            f"secret {stored.path} has no addresses in 'emails', so the alarms of stage {stage.name!r} would "
            "reach nobody; add an address, or set subscribe: false in config.yaml if you want that"
        )


def _check_boundary(stored: StoredSecret, account: str) -> None:
    owner = parse_boundary(stored).split(":")[4]
    if owner not in (account, "aws"):
        raise OperatorError(
            f"secret {stored.path} names a policy of account {owner}, but this is account {account}; "
            "a permissions boundary must be a policy of the same account"
        )


def _check_subnets(stored: StoredSecret, kind: str) -> None:
    vpc = secrets.parse_vpc(stored)
    if not {"private": vpc.private_subnets, "data": vpc.data_subnets}[kind]:
        raise OperatorError(
            f"secret {stored.path}: '{kind}Subnets' is empty, but the setting subnets is {kind}; "
            "list subnets in the secret, or set subnets in config.yaml to the other kind"
        )


def stacks_of_stage(stack: sceptre_stack.SceptreStack) -> list[Stack]:
    """All stacks of the stack's stage: those that Sceptre launches, if the command is for the whole stage.

    For one file they are read anew. Variables given with `--var` are not known then; our config has none.
    """
    found = _stacks_of_stage(stack)
    connection = stack.connection_manager
    here = (connection.region, connection.profile, connection.sceptre_role)
    for sibling in found:
        if (sibling.region, sibling.profile, sibling.sceptre_role) == here:
            sibling._connection_manager = connection  # noqa: SLF001 - Sceptre makes its own otherwise
    return sorted(found, key=lambda sibling: str(sibling.name))


def _stacks_of_stage(stack: sceptre_stack.SceptreStack) -> Collection[Stack]:
    group = sceptre_stack.group_of(stack)
    if covers(stack) and _answers_stay(stack):
        found = [each for each in planned_stacks.beside(stack) if sceptre_stack.group_of(each) == group]
        if found:
            return found
    context = SceptreContext(str(stack.stack_group_config["project_path"]), group)
    _, read = ConfigReader(context).construct_stacks()
    return list(read)


def _answers_stay(stack: sceptre_stack.SceptreStack) -> bool:
    """Whether all resolvers answer before the launch what they will answer in it.

    A stack keeps what its resolvers answered. `!connect_group` asks the stage's function, which the launch
    may have to make or to renew first, about a stage that may have the group of an earlier release.
    """
    if sceptre_stack.group_of(stack) == sceptre_stack.FOUNDATION_GROUP:
        return True
    return not sceptre_stack.stage_of(stack).topics.previous_group


def check_stacks(stacks: Iterable[Stack]) -> None:
    """Raise what a stack file or a template of the stage refuses; renders each template once."""
    for stack in stacks:
        with sceptre_stack.one_line_errors(stack.name):
            _check_keys(stack)
        try:
            with _quiet(logging.getLogger("sceptre.template_handlers.helper")):
                _ = stack.template.body
        except SceptreException as error:
            text = str(error)
            if text.startswith(f"{stack.name}: "):
                raise  # a resolver's, which names its place itself
            place = f"config/{sceptre_stack.group_of(stack)}/config.yaml"
            hint = "" if "config.yaml" in text else f"; settings are in {place}"
            raise SceptreException(f"{stack.name}: {_MODEL.sub('', text)}{hint}") from None


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Without the lines of code that Sceptre shows where a template refuses its settings."""
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _check_keys(stack: Stack) -> None:
    for word in stack.config:
        if word not in _STACK_KEYS and word not in stack.stack_group_config:
            raise OperatorError(
                f"the stack file has the unknown key {word!r}{settings.likely(str(word), _STACK_KEYS)}; "
                "Sceptre ignores such a key"
            )
    if not set(COMMON_HOOKS) <= set(stack.hooks):
        raise OperatorError(
            "the stack file lacks the common hooks, among them the deletion guard; add "
            "{{ hooks() }} on a line of its own"
        )
    for point in stack.hooks:
        if point not in _HOOK_POINTS:
            raise OperatorError(
                f"hooks has the unknown point {point!r}{settings.likely(str(point), _HOOK_POINTS)}; "
                "Sceptre never runs such a hook"
            )
