"""A changed secret reaches the workers while rows are written, and a wrong one changes nothing.

The roles are enforced: what a rotation asks of ECS is allowed by what the templates grant. Nothing but the
event of the changed secret starts it: the schedule is off.
"""

import json
import secrets as random_texts
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from connector.domain.health.refused import REFUSED_KEY
from connector.domain.health.rotation_state import ROTATION_KEY
from connector.domain.secrets.injected import PinnedSecret
from connector.local import broker, schema
from connector.local.oracle.process import SERVICE
from tests.faults import fault_testbed
from tests.faults.compare import Comparison
from tests.faults.fault_testbed import FaultTestbed, streaming
from tests.support.mailbox import Mail, Mailbox
from tests.support.waiting import wait_for
from tests.support.wms_cli import Done, wms_connector

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

#: For new workers on a machine that others use too.
_ROTATION_SECONDS = 300.0
OWN, DEFAULT = "wms/main/dbInfo", "wms/default/dbInfo"
CREDENTIALS = "wms/default/kafkaCredentials"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultTestbed]:
    """A world of its own, with rights enforced and without the schedule."""
    directory = tmp_path_factory.mktemp("rotation")
    with (
        fault_testbed.testbed(directory, enforce_iam=True) as there,
        there.under_test.without_schedule(),
    ):
        yield there


@pytest.fixture
def rotation(made: FaultTestbed) -> Iterator["Rotated"]:
    """The stage at rest, and the mails that come from now on."""
    made.under_test.rest()
    mailbox = Mailbox(made.world.account.client, made.stage.names.sns_topic)
    try:
        yield Rotated(made, mailbox)
    finally:
        mailbox.close()


class Rotated:
    """What people do with secrets and passwords, and what is seen of it."""

    def __init__(self, made: FaultTestbed, mailbox: Mailbox) -> None:
        self.made, self.world, self.mailbox = made, made.world, mailbox
        self.under_test = made.under_test

    # -- what people do ---------------------------------------------------------

    def alter_password(self, password: str) -> None:
        """What the DBA runs."""
        with self.world.database.sys(SERVICE) as session:
            session.execute(f'ALTER USER {schema.CDC} IDENTIFIED BY "{password}"')

    def write_own(self, **changes: Any) -> str:
        """A new version of the stage's own dbInfo; its id."""
        client = self.world.account.client("secretsmanager")
        text = json.dumps({**self.db_info, **changes})
        return str(client.put_secret_value(SecretId=OWN, SecretString=text)["VersionId"])

    @property
    def db_info(self) -> dict[str, Any]:
        """The stage's own dbInfo, through the proxy."""
        client = self.world.account.client("secretsmanager")
        return dict(json.loads(client.get_secret_value(SecretId=OWN)["SecretString"]))

    def rotate(self, *options: str) -> Done:
        """`wms-connector rotate main`."""
        return wms_connector(self.world.env(), "rotate", "main", *options, project=self.made.project)

    # -- what is seen ------------------------------------------------------------

    def recorded(self) -> Mapping[str, str]:
        """Path -> version id in the stage record."""
        versions = self.under_test.record()["secret_versions"]["M"]
        return {path: value["S"] for path, value in versions.items()}

    def current(self, path: str) -> str:
        """The version that is current now."""
        client = self.world.account.client("secretsmanager")
        return str(client.get_secret_value(SecretId=path)["VersionId"])

    def until_recorded(self, path: str, version: str) -> None:
        """Until the record says that the connector streams with it."""
        try:
            wait_for(lambda: self.recorded().get(path) == version, "the record", _ROTATION_SECONDS, every=0.5)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.under_test.item(ROTATION_KEY)}") from None

    def injected(self) -> Mapping[str, PinnedSecret]:
        """Variable -> secret and version that the worker that runs was given."""
        (worker,) = self.under_test.service.workers()
        ecs = self.world.account.client("ecs")
        cluster = self.made.stage.names.service
        tasks = ecs.list_tasks(cluster=cluster, desiredStatus="RUNNING")["taskArns"]
        (task,) = ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"]
        definition = ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"]
        (container,) = definition["containerDefinitions"]
        assert worker
        return {s["name"]: PinnedSecret.of(s["valueFrom"]) for s in container["secrets"]}

    def refused_logins(self) -> int:
        """How many logins in a row the database has refused to the connector's user."""
        file = self.world.state.directory / "oracle" / "users.json"
        return int(json.loads(file.read_text(encoding="utf-8"))[schema.CDC.upper()]["refused"])

    def mails(self) -> list[Mail]:
        """What was mailed about secrets."""
        return [mail for mail in self.mailbox.take() if "SecretChanged" in mail.subject]


@contextmanager
def under_load(rotation: Rotated) -> Iterator[dict[str, Any]]:
    """Rows are written meanwhile; afterwards none is lost or twice. The figures are filled in."""
    figures: dict[str, Any] = {}
    with streaming(rotation.made) as stream:
        yield figures
        stream.until_flowing()
        result: Comparison = stream.finish()
    assert result.wrong == [], result
    assert result.committed > 0
    figures.update(result.figures())


def test_a_new_password_reaches_the_workers_by_itself_and_no_row_is_lost_or_twice(
    rotation: Rotated, record_property: Any
):
    """The order of docs/secrets.md without Oracle's rollover: first the database, then the secret."""
    before = rotation.under_test.service.describe()["taskDefinition"]
    password = random_texts.token_urlsafe(18)
    with under_load(rotation) as figures:
        rotation.alter_password(password)
        version = rotation.write_own(password=password)
        rotation.until_recorded(OWN, version)
    print(f"rotation of dbInfo under load: {figures}")  # noqa: T201 - a figure of the report
    record_property("figures", figures)
    assert rotation.injected()["DATABASE_PASSWORD"].version == version
    assert rotation.under_test.service.describe()["taskDefinition"] != before
    assert rotation.refused_logins() == 0
    assert rotation.mails() == []


@pytest.mark.long
def test_a_wrong_password_changes_nothing_is_tried_once_and_mailed_once(
    rotation: Rotated, record_property: Any
):
    before = rotation.under_test.service.describe()["taskDefinition"]
    right, recorded = rotation.db_info["password"], rotation.recorded()
    with under_load(rotation) as figures:
        version = rotation.write_own(password="not-the-password")
        (mail,) = wait_for(rotation.mails, "a mail", _ROTATION_SECONDS)
        # Whoever looks, and however often: nothing is tried again.
        for _ in range(2):
            assert rotation.under_test.health()["secrets_changed"] == [OWN]
        refused = rotation.rotate()
    figures["refused_logins"] = rotation.refused_logins()
    print(f"wrong password: {figures}")  # noqa: T201
    record_property("figures", figures)
    assert rotation.refused_logins() == 1
    assert mail.value("Cause").startswith("login:")
    assert "ORA-01017" in mail.value("Last error")
    assert mail.value("Next step")
    assert rotation.mails() == []
    assert (refused.status, refused.stdout) == (1, "")
    assert "refused" in refused.stderr
    assert rotation.recorded() == recorded
    assert rotation.under_test.service.describe()["taskDefinition"] == before
    assert rotation.injected()["DATABASE_PASSWORD"].version == recorded[OWN]
    assert [e["M"]["version"]["S"] for e in rotation.under_test.item(REFUSED_KEY)["refused"]["L"]] == [
        version
    ]
    rotation.until_recorded(OWN, rotation.write_own(password=right))


@pytest.mark.long
def test_a_password_that_changed_in_the_database_first_heals_when_the_secret_comes(rotation: Rotated):
    """The session is lost: a login is refused, the connector is stopped, and only then the secret comes."""
    password = random_texts.token_urlsafe(18)
    rotation.alter_password(password)
    rotation.made.proxy.cut()
    rotation.made.proxy.restore()
    wait_for(lambda: rotation.refused_logins() > 0, "a refused login")
    rotation.under_test.wait_for_states("STOPPED")
    rotation.until_recorded(OWN, rotation.write_own(password=password))
    rotation.under_test.rest()
    rows = rotation.under_test.new_rows()
    rows.insert(3)
    rows.assert_arrived_once()
    assert rotation.refused_logins() == 0


@pytest.mark.long
def test_the_check_says_what_would_happen_and_tries_no_login(rotation: Rotated):
    unchanged = rotation.rotate("--check", "--json")
    assert (unchanged.status, unchanged.json["changes"]) == (0, [])
    with rotation.world.database.sys() as session:
        session.admin("user", name=schema.CDC, locked=False)
    # The event is taken away, so that nothing but the command looks at the secret.
    events, rule = rotation.world.account.client("events"), rotation.made.stage.names.rule("SecretChanged")
    events.disable_rule(Name=rule)
    try:
        rotation.write_own(password="not-tried")
        checked = rotation.rotate("--check", "--json")
        assert checked.status == 0
        assert [c["meaning"] for c in checked.json["changes"]] == ["try"]
        assert rotation.refused_logins() == 0
        right = rotation.write_own(password=_right(rotation))
        done = rotation.rotate()
        assert done.status == 0, done.stderr
        assert rotation.recorded()[OWN] == right
        again = rotation.rotate("--json")
        assert (again.status, again.json["changed"]) == (0, False)
    finally:
        events.enable_rule(Name=rule)


def _right(rotation: Rotated) -> str:
    """The password of the version that the connector was verified with."""
    client = rotation.world.account.client("secretsmanager")
    version = rotation.recorded()[OWN]
    found = client.get_secret_value(SecretId=OWN, VersionId=version)["SecretString"]
    return str(json.loads(found)["password"])


@pytest.mark.long
def test_an_own_secret_that_vanishes_and_comes_back_is_followed(rotation: Rotated, record_property: Any):
    own = rotation.db_info
    rotation.world.account.put_secret("default/dbInfo", {**own, "port": own["port"]})
    with under_load(rotation) as figures:
        rotation.world.account.delete_secret("main/dbInfo")
        rotation.until_recorded(DEFAULT, rotation.current(DEFAULT))
        assert OWN not in rotation.recorded()
        assert ":secret:wms/default/dbInfo-" in rotation.injected()["DATABASE_PASSWORD"].arn
        rotation.world.account.put_secret("main/dbInfo", own)
        rotation.until_recorded(OWN, rotation.current(OWN))
        assert ":secret:wms/main/dbInfo-" in rotation.injected()["DATABASE_PASSWORD"].arn
    print(f"own dbInfo gone and back under load: {figures}")  # noqa: T201
    record_property("figures", figures)
    assert rotation.mails() == []


@pytest.mark.long
def test_new_credentials_for_the_brokers_reach_the_workers(rotation: Rotated, record_property: Any):
    password = random_texts.token_urlsafe(18)
    user = broker.USER
    with under_load(rotation) as figures:
        with closing(KafkaAdminClient(bootstrap_servers=rotation.world.kafka_bootstrap)) as admin:
            change = UserScramCredentialUpsertion(
                user=user, mechanism=ScramMechanism.SCRAM_SHA_512, iterations=4096, password=password.encode()
            )
            assert not any(admin.alter_user_scram_credentials([change]).values())
        rotation.world.account.put_secret(
            "default/kafkaCredentials", {"username": user, "password": password}
        )
        rotation.until_recorded(CREDENTIALS, rotation.current(CREDENTIALS))
    print(f"rotation of kafkaCredentials under load: {figures}")  # noqa: T201
    record_property("figures", figures)
    assert rotation.injected()["KAFKA_PASSWORD"].version == rotation.current(CREDENTIALS)
    assert rotation.mails() == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("secret", "wrong"),
    [
        ("kafkaCredentials", {"username": broker.USER, "password": "not-the-password"}),
        ("brokerString", "127.177.66.55:9096"),
    ],
)
def test_a_wrong_secret_of_the_brokers_changes_nothing_and_is_mailed_once(
    rotation: Rotated, secret: str, wrong: object
):
    """As the stage's own secret, beside the default that it has used so far; once it is gone, that counts."""
    before, recorded = rotation.under_test.service.describe()["taskDefinition"], rotation.recorded()
    own = f"main/{secret}"
    assert f"wms/{own}" not in recorded
    with under_load(rotation):
        rotation.world.account.put_secret(own, wrong)
        (mail,) = wait_for(rotation.mails, "a mail", _ROTATION_SECONDS)
        for _ in range(2):
            assert rotation.under_test.health()["summary"].startswith("healthy")
    assert mail.value("Next step")
    assert f"wms/{own}" in mail.text
    assert (rotation.mails(), rotation.recorded()) == ([], recorded)
    assert rotation.under_test.service.describe()["taskDefinition"] == before
    rotation.world.account.delete_secret(own)
    assert rotation.rotate().status == 0


@pytest.mark.long
def test_no_broker_has_refused_a_right(rotation: Rotated):
    """What `broker-script` prints is enough for all of this."""
    log = (rotation.world.logs / "broker-default.log").read_text(encoding="utf-8")
    assert " is Denied " not in log, [line for line in log.splitlines() if " is Denied " in line][:3]


@pytest.mark.long
def test_a_secret_that_cannot_be_read_touches_nothing_and_is_mailed_once(rotation: Rotated):
    before, recorded = rotation.under_test.service.describe()["taskDefinition"], rotation.recorded()
    right = rotation.db_info
    client = rotation.world.account.client("secretsmanager")
    client.put_secret_value(SecretId=OWN, SecretString='{"host": "x"')
    (mail,) = wait_for(rotation.mails, "a mail", _ROTATION_SECONDS)
    assert mail.value("Cause").startswith("secret malformed:")
    found = rotation.under_test.health()
    assert found["summary"].startswith("healthy"), found["summary"]
    assert (rotation.mails(), rotation.recorded()) == ([], recorded)
    assert rotation.under_test.service.describe()["taskDefinition"] == before
    rotation.until_recorded(OWN, _written(rotation, right))


def _written(rotation: Rotated, content: Mapping[str, Any]) -> str:
    client = rotation.world.account.client("secretsmanager")
    return str(client.put_secret_value(SecretId=OWN, SecretString=json.dumps(content))["VersionId"])
