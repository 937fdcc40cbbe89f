"""The real config/ against the embedded AWS, with the foundation launched, and `sceptre` run in this process.

Sceptre is started through its own command object, which takes a fraction of a second instead of two; the
mistakes that only the interpreter's excepthook sees run as real processes.
"""

import logging
import os
import shutil
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import botocore.client
import pytest
import sceptre.plan.actions
from botocore.exceptions import ClientError
from click.testing import CliRunner
from sceptre.cli import cli
from sceptre.connection_manager import ConnectionManager

from connector.local.aws import FOREIGN, client_environment
from connector.local.state import ROOT
from connector.operations import stack_outcome
from connector.operations.turns import TURNS
from connector.sceptre import stack as sceptre_stack
from hooks import admit
from resolvers import subnet_cidrs, worker_image
from tests.local.conftest import Embedded, embedded, enforcing, tools  # noqa: F401  servers of this package's own
from tests.support.sceptre_cli import Run

PASSWORD = "s3cr3t-passw0rd"
#: What no output may hold.
CONFIDENTIAL = (PASSWORD, "hidden-reader", "hidden-broker")

DB_INFO = {
    "host": "10.1.2.3",
    "port": 1521,
    "dbname": "WMS",
    "username": "hidden-reader",
    "password": PASSWORD,
}
BROKERS = "hidden-broker-1.example:9094,hidden-broker-2.example:9094"


class Account:
    """The embedded account: its secrets are changed for one case and put back."""

    def __init__(self, aws: Embedded) -> None:
        self.aws = aws
        self.environment = client_environment(aws.endpoint)
        self.denied: set[str] = set()
        self._touched: set[str] = set()
        self._clients: dict[str, Any] = {}
        aws.account.seed(broker_string=BROKERS, db_info=DB_INFO)
        self._defaults = {path: self.secret(path) for path in self._paths()}

    def secret(self, path: str) -> str:
        """The text of a secret, by its path below the prefix."""
        found = self.aws.client("secretsmanager").get_secret_value(SecretId=f"wms/{path}")
        return str(found["SecretString"])

    def put(self, path: str, value: Any) -> None:
        """Give a secret a value for this case."""
        self._touched.add(path)
        self.aws.account.put_secret(path, value)

    def drop(self, path: str) -> None:
        """There is no such secret in this case."""
        self._touched.add(path)
        self.aws.account.delete_secret(path)

    def mark_deleted(self, path: str) -> None:
        """The secret is deleted, with days left to restore it."""
        self._touched.add(path)
        self._client("secretsmanager").delete_secret(SecretId=f"wms/{path}", RecoveryWindowInDays=7)

    def put_back(self) -> None:
        """As it was before the case."""
        self.denied.clear()
        for path in set(self._touched):
            with suppress(ClientError):
                self._client("secretsmanager").restore_secret(SecretId=f"wms/{path}")
            if path in self._defaults:
                self.put(path, self._defaults[path])
            elif path in self._paths():
                self.aws.account.delete_secret(path)
        self._touched.clear()

    def state(self) -> Mapping[str, Any]:
        """What a command could have changed: stacks, topics, secrets, tables with their items, log groups."""
        client = self._client
        stacks = client("cloudformation").describe_stacks()["Stacks"]
        tables = client("dynamodb").list_tables()["TableNames"]
        secrets = client("secretsmanager").list_secrets(MaxResults=100)["SecretList"]
        return {
            "stacks": {s["StackName"]: (s["StackStatus"], s.get("LastUpdatedTime")) for s in stacks},
            "topics": client("sns").list_topics()["Topics"],
            "tables": {name: client("dynamodb").scan(TableName=name)["Items"] for name in tables},
            "secrets": {s["Name"]: sorted(s.get("SecretVersionsToStages", {})) for s in secrets},
            "log groups": client("logs").describe_log_groups()["logGroups"],
        }

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.aws.client(service)
        return self._clients[service]

    def _paths(self) -> list[str]:
        found = self._client("secretsmanager").list_secrets(MaxResults=100)["SecretList"]
        return [secret["Name"].removeprefix("wms/") for secret in found]


#: The environment in which this process's clients were made.
_CLIENTS_OF: dict[str, str] = {}


def in_process(project: Path, environment: Mapping[str, str], *words: str, new_clients: bool = False) -> Run:
    """`sceptre --dir <project> <words>` as a run of its own: nothing is remembered from the one before.

    `new_clients`: for a run that changes stacks. It notices its own requests by events of its clients, and a
    client has those that were known when it was made.
    """
    TURNS.forget()
    sceptre_stack.SECRETS.clear()
    subnet_cidrs.forget()
    worker_image.forget()
    admit._admitted.clear()
    stack_outcome.forget()
    if new_clients or environment != _CLIENTS_OF:
        # Clients are slow to make; those of the same credentials and endpoint are kept.
        ConnectionManager._boto_sessions.clear()
        ConnectionManager._clients.clear()
        _CLIENTS_OF.clear()
        _CLIENTS_OF.update(environment)
    logger = logging.getLogger("sceptre")
    handlers = list(logger.handlers)
    kept = dict(os.environ)
    try:
        for name in FOREIGN:
            os.environ.pop(name, None)
        os.environ.update(environment)
        result = CliRunner().invoke(cli, ["--dir", str(project), *words])
    finally:
        os.environ.clear()
        os.environ.update(kept)
        logger.handlers = handlers
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return Run(result.exit_code, result.output)


@pytest.fixture(scope="session")
def account(embedded: Embedded) -> Iterator[Account]:  # noqa: F811
    """An account with the default secrets and the foundation, and nothing else."""
    made = Account(embedded)
    with pytest.MonkeyPatch.context() as patch:
        # Sceptre looks at a stack every 4 s; the embedded AWS is done at once.
        patch.setattr(sceptre.plan.actions, "time", types.SimpleNamespace(sleep=lambda _: None))
        run = in_process(ROOT, made.environment, "launch", "foundation", "--yes")
        assert run.status == 0, run.output
        patch.setattr(botocore.client.BaseClient, "_make_api_call", _denying(made))
        yield made


def _denying(account: Account) -> Callable[..., Any]:
    """IAM, as far as it goes here: some secrets may not be read."""
    real = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(self: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "GetSecretValue" and arguments["SecretId"] in account.denied:
            message = f"User is not authorized to perform: secretsmanager:GetSecretValue on {arguments}"
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": message}}, operation)
        return real(self, operation, arguments)

    return call


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The real config/ in a project of its own; templates are the real ones."""
    shutil.copytree(
        ROOT / "config", tmp_path / "config", symlinks=True, ignore=shutil.ignore_patterns("ephemeral")
    )
    (tmp_path / "templates").symlink_to(ROOT / "templates")
    return tmp_path
