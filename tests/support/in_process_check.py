"""A health check in this process, of a stage that is deployed in a local world."""

import threading
import time
from typing import Any, cast

import boto3
from botocore.config import Config

from connector.domain.stage.stage import Stage
from connector.local.aws import REGION
from connector.local.world import World
from lambda_src.clients.http_transport import HttpTransport
from lambda_src.clients.transport import Reply
from lambda_src.connect_health.check import CheckAnswer, CheckClients, check
from lambda_src.connect_health.notify import topic_arn
from lambda_src.runtime.deadline import Deadline
from lambda_src.runtime.environment import Environment
from lambda_src.session import Aws, Session


class InProcessCheck:
    """What the deployed function does, with its environment; each call of AWS's and over HTTP is noted."""

    def __init__(self, world: World, stage: Stage, *, seconds: float = 60) -> None:
        self.stage = stage
        self._seconds = seconds
        self.calls: list[str] = []
        self._lock = threading.Lock()
        self._http = HttpTransport()
        functions = world.account.client("lambda")
        config = functions.get_function_configuration(FunctionName=stage.names.connect_health)
        self._arn = str(config["FunctionArn"])
        self._environment = Environment.parse(config["Environment"]["Variables"])
        self._boto3 = boto3.session.Session(
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name=REGION,
        )
        self._options: dict[str, Any] = {
            "endpoint_url": world.state.endpoint,
            "config": Config(retries={"total_max_attempts": 1}, proxies={}),
        }
        self._clients = self._made()

    def check(self, ahead: float = 0.0) -> CheckAnswer:
        """One check, with a clock that is set forward by so many seconds."""
        account = self._arn.split(":")[4]
        session = Session(
            self._environment, account, Deadline.within(self._seconds), aws=self._clients.aws, transport=self
        )
        topic = topic_arn(self._arn, self.stage)
        return check(session, self._clients, topic, clock=lambda: time.time() + ahead)

    def request(self, method: str, url: str, body: bytes | None, timeout: float) -> Reply:
        """The transport: the real one, noted."""
        self._note(f"{method} {url}")
        return self._http.request(method, url, body, timeout)

    def _note(self, call: str) -> None:
        with self._lock:
            self.calls.append(call)

    def _client(self, service: str) -> Any:
        client = self._boto3.client(service, **self._options)  # type: ignore[call-overload]
        return self._noted(client)

    def _noted(self, client: Any) -> Any:
        service = client.meta.service_model.service_name
        # Before each request that is sent, repeated ones included.
        client.meta.events.register(
            "before-send", lambda request, **_: self._note(f"{service} {request.method}")
        )
        return client

    def _made(self) -> CheckClients:
        dynamodb = self._boto3.resource("dynamodb", **self._options)
        self._noted(dynamodb.meta.client)
        table = dynamodb.Table(self.stage.names.table)
        made = {n: self._client(n) for n in ("secretsmanager", "ecs", "logs", "cloudwatch", "sns", "s3")}
        aws = Aws(
            lambda: cast(Any, made["secretsmanager"]),
            lambda: cast(Any, made["ecs"]),
            lambda _: cast(Any, table),
            lambda: cast(Any, made["logs"]),
            lambda: cast(Any, made["s3"]),
        )
        return CheckClients(aws, cast(Any, made["cloudwatch"]), cast(Any, made["sns"]))
