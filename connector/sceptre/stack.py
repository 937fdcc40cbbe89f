"""What hooks and resolvers share: the stage of a stack, secrets read once per run, errors in one line.

Every AWS call goes through the stack's own connection manager, so that it uses the same profile, role and
region as Sceptre.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from sceptre.exceptions import SceptreException
from sceptre.resolvers import RecursiveResolve
from sceptre.resolvers.placeholders import are_placeholders_enabled

from connector.aws import calls
from connector.aws.stacks import NEVER_COMPLETED, describe_stack
from connector.domain.errors import OperatorError, RefusedStage, WmsError, one_line
from connector.domain.secrets.fallback import Fetch, unreadable
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.stage import aws_names, stage
from connector.domain.stage.stage import Stage

FOUNDATION_GROUP = "foundation"
DEFAULT_SECRET_PREFIX = "wms"  # noqa: S105 - a path, not a password


class SceptreStack(Protocol):
    """The part of Sceptre's Stack that is used here."""

    name: str
    external_name: str
    region: str

    @property
    def stack_group_config(self) -> Mapping[str, Any]:
        """The settings of the stack's group."""
        ...

    @property
    def connection_manager(self) -> calls.Port:
        """Sceptre's own way to AWS."""
        ...


@contextmanager
def one_line_errors(place: str) -> Iterator[None]:
    """Turn our errors and AWS's into a `SceptreException`, which Sceptre prints as one line."""
    place = one_line(place)
    try:
        with calls.errors():
            yield
    except WmsError as error:
        raise SceptreException(f"{place}: {error}") from None


class RefusedByResolver(RecursiveResolve, SceptreException):  # type: ignore[misc]
    """A refusal that Sceptre shows where it would put a placeholder in the place of any other error.

    `diff`, `validate`, `generate` and `dump` take an error of a resolver for an output that does not exist
    yet, put a word of their own there, and the template then complains about that word. They let
    `RecursiveResolve` through: they resolve again later, and then nothing catches the error.
    """


@contextmanager
def refusals_shown(place: str) -> Iterator[None]:
    """As `one_line_errors`, for resolvers of what no stack makes: a secret, a setting."""
    try:
        with one_line_errors(place):
            yield
    except SceptreException as error:
        if not are_placeholders_enabled():
            raise
        raise RefusedByResolver(str(error)) from None


def group_of(stack: SceptreStack) -> str:
    """The stack group path of a stack: `main/network` -> `main`."""
    return stack.name.rpartition("/")[0]


def is_foundation(stack: SceptreStack) -> bool:
    """Whether the stack is the account's, which belongs to no stage."""
    return group_of(stack) == FOUNDATION_GROUP


def stage_of(stack: SceptreStack) -> Stage:
    """The stage that a stack belongs to; raises `RefusedStage` for a directory that is not a stage."""
    group = group_of(stack)
    head, _, name = group.rpartition("/")
    if head and name in stage.NAMED_STAGES:
        raise RefusedStage(
            f"config/{group} is refused: {name!r} is a named stage. Launch it with `sceptre launch {name}`, "
            "and remove this directory"
        )
    return Stage.parse(stage.from_group_path(group))


def check_name(stack: SceptreStack) -> None:
    """Raise unless the stack's name in CloudFormation is the one that its directory below config/ stands for.

    The hooks identify a stage by its directory. No setting can make them change another stage's stack.
    """
    component = stack.name.rpartition("/")[2]
    expected = aws_names.FOUNDATION_STACK if is_foundation(stack) else stage_of(stack).names.stack(component)
    if stack.external_name != expected:
        raise OperatorError(
            f"the stack is called {stack.external_name!r}, but its directory below config/ stands for "
            f"{expected!r}; nothing was changed. Remove stack_name and stack_group_path from its files"
        )


def secret_prefix(stack: SceptreStack) -> str:
    """The setting `secret_prefix` of config/config.yaml."""
    return str(stack.stack_group_config.get("secret_prefix") or DEFAULT_SECRET_PREFIX)


class SecretCache:
    """Secrets of this run: each path is fetched once, however many stacks and threads ask for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[tuple[str, ...], StoredSecret | None] = {}

    def fetcher(self, connection: calls.Port) -> Fetch:
        """A `Fetch` that reads through this cache."""
        where = (str(connection.region), str(connection.profile), str(connection.sceptre_role))

        def fetch(path: str) -> StoredSecret | None:
            key = (*where, path)
            with self._lock:
                if key not in self._found:
                    self._found[key] = _get_secret(connection, path)
                return self._found[key]

        return fetch

    def clear(self) -> None:
        """Forget everything: a new run."""
        with self._lock:
            self._found.clear()


#: One process is one Sceptre run.
SECRETS = SecretCache()


def never_completed(stack: SceptreStack) -> bool:
    """Whether the stack exists in CloudFormation and was never complete."""
    description = describe_stack(stack.connection_manager, stack.external_name)
    return description is not None and description["StackStatus"] in NEVER_COMPLETED


def _get_secret(connection: calls.Port, path: str) -> StoredSecret | None:
    try:
        answer = connection.call("secretsmanager", "get_secret_value", {"SecretId": path})
    except calls.ClientError as error:
        problem = unreadable(path, calls.code(error), calls.message(error))
        if problem is None:
            return None
        raise problem from None
    return StoredSecret(path, answer["ARN"], answer["VersionId"], Redacted(answer.get("SecretString") or ""))
