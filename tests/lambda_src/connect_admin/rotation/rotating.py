"""Stage main, launched and streaming, whose secrets people change."""

import json
from dataclasses import dataclass, field
from typing import Any

from connector.domain.admin_api import Answer, Operation, Request
from connector.domain.health.rotation_state import Rotation
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.injected import PinnedSecret, WorkerSecrets
from connector.domain.stage.record import StageRecord
from lambda_src.clients.state_table import read_record, read_refused, read_rotation
from lambda_src.connect_admin.rotation.steps import step
from tests.lambda_src.conftest import ADDRESS, FakeStage

OWN, DEFAULT = "wms/main/dbInfo", "wms/default/dbInfo"
BROKERS_PATH = "wms/default/brokerString"
CREDENTIALS = "wms/default/kafkaCredentials"
NEW_ADDRESS = "127.0.0.10"
BEGAN = 1_800_000_000.0


@dataclass
class Rotating:
    """The stage, and the time as its functions see it."""

    auth: KafkaAuth = KafkaAuth.PLAINTEXT
    now: float = BEGAN
    stage: FakeStage = field(init=False)
    #: What was asked of the admin function, where a test notes it.
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stage = FakeStage(auth=self.auth)
        if self.auth is KafkaAuth.SCRAM:
            self.put(CREDENTIALS, {"username": "first_user", "password": "first-password"})
        self.stage.ecs.start(ADDRESS)
        self.stage.ecs.secrets[1] = self.launched().variables()
        for operation in (Operation.REGISTER, Operation.RECORD):
            assert self.stage.ask(operation).state.value == "done"

    def launched(self) -> WorkerSecrets:
        """What a launch's task definition names."""
        credentials = self.pinned(CREDENTIALS) if self.auth is KafkaAuth.SCRAM else None
        return WorkerSecrets(self.pinned(BROKERS_PATH), self.pinned(OWN), "username", "password", credentials)

    def pinned(self, path: str) -> PinnedSecret:
        """The version that is current now."""
        return PinnedSecret(
            f"arn:aws:secretsmanager:us-east-1:000000000000:secret:{path}-AbCdEf",
            self.stage.secrets.version(path),
        )

    def put(self, path: str, content: Any) -> None:
        """Write a new version of a secret."""
        self.stage.secrets.put(path, content if isinstance(content, str) else json.dumps(content))

    def database(self, **changes: Any) -> dict[str, Any]:
        """The stage's own dbInfo as it is, with changes."""
        return {**json.loads(str(self.stage.secrets.values[OWN])), **changes}

    def change_password(self, password: str = "the-second-password") -> None:
        self.put(OWN, self.database(password=password))

    def step(self, *, told: bool = False, retry_login: bool = False) -> Answer:
        """One step, as the health function makes it."""
        session = self.stage.session(seconds=200)
        session.retry_login = retry_login
        return step(session, told=told, clock=lambda: self.now)

    def complete(self) -> None:
        """ECS has replaced the worker, and the task runs on the new one."""
        self.stage.ecs.complete(NEW_ADDRESS)
        self.stage.connect.addresses = [NEW_ADDRESS]
        for task in self.stage.connect.tasks.values():
            task["worker_id"] = f"{NEW_ADDRESS}:8083"

    def rotated(self) -> Answer:
        """All steps, to the end."""
        for _ in range(8):
            answer = self.step()
            if answer.state.value != "waiting":
                return answer
            if self.stage.ecs.rollout == "IN_PROGRESS":
                self.complete()
        return answer

    @property
    def rotation(self) -> Rotation:
        return read_rotation(self.stage.table)

    @property
    def record(self) -> StageRecord:
        found = read_record(self.stage.table)
        assert found is not None
        return found

    @property
    def refused(self) -> list[tuple[str, str]]:
        """Path and version of each login that is remembered as refused."""
        return [(each.path, each.version) for each in read_refused(self.stage.table).refused]

    @property
    def tries(self) -> list[dict[str, str]]:
        """The validations with a user and a password in them: each is a login."""
        found = self.stage.connect.validated
        return [config for config in found if "${env:" not in config.get("database.password", "${env:")]

    @property
    def untouched(self) -> bool:
        """Whether neither the service nor the connector was changed."""
        return not self.stage.ecs.given and not self.stage.ecs.registered and self.stage.connect.writes == []
