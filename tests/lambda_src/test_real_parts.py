"""The admin function's use cases against a real worker, broker and database; AWS alone is fake here."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

import pytest
from kafka import KafkaAdminClient, KafkaProducer, codec

from connector.domain.admin_api import Answer, Operation, State
from connector.domain.capture.oracle_script import OracleScript
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import ServerError
from connector.domain.health.causes import HEARTBEAT_REFUSED
from connector.domain.health.error_classes import classify
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.topics import TopicSpec
from connector.local import schema
from connector.local.addresses import claim
from connector.local.oracle.process import SERVICE
from connector.local.world import World
from lambda_src.clients.kafka_port import KafkaAdmin
from lambda_src.connect_admin import operations
from lambda_src.runtime.deadline import Deadline
from lambda_src.session import Session
from tests.lambda_src.conftest import FakeStage
from tests.support.fake_lambda_aws import ACCOUNT
from tests.support.mortal_worker import MortalWorker, mortal_worker
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

WAIT_SECONDS = 90.0


@dataclass
class RealStage:
    """Stage main: everything real but Secrets Manager, ECS and DynamoDB."""

    world: World
    fakes: FakeStage
    worker: MortalWorker

    def session(self) -> Session:
        """A new invocation."""
        return Session(
            self.fakes.environment,
            ACCOUNT,
            Deadline.within(50),
            aws=self.fakes.aws.clients,
        )

    def ask(self, operation: Operation) -> Answer:
        """One request; no answer may hold anything confidential."""
        answer = operations.answer(operation, self.session())
        self.assert_clean(json.dumps(answer.to_payload()))
        return answer

    def until_done(self, operation: Operation) -> Answer:
        """Ask until the answer is not `waiting`, as the hook does."""
        answer = Deadline.within(WAIT_SECONDS).poll(
            lambda: self.ask(operation),
            lambda answer: answer.state is not State.WAITING,
            every=0.5,
            at_most=WAIT_SECONDS,
        )
        assert answer.state is not State.WAITING, answer.summary
        return answer

    def assert_clean(self, text: str) -> None:
        for value in (self.world.database.cdc_password, schema.CDC, self.world.kafka_bootstrap):
            assert value not in text

    def set_password(self, password: str) -> None:
        with self.world.database.sys(SERVICE) as session:
            session.execute(f'ALTER USER {schema.CDC} IDENTIFIED BY "{password}"')


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStage]:
    """A world of its own with one worker that is started as its task definition would start it."""
    directory = tmp_path_factory.mktemp("world")
    fakes = FakeStage()
    with World.up(directory, enforce_iam=False, report=lambda _: None) as world:
        fakes.secrets.values = {
            "wms/default/brokerString": world.kafka_bootstrap,
            "wms/default/dbInfo": json.dumps(world.database.db_info),
        }
        database = world.database
        with mortal_worker(
            directory, fakes.stage.topics, world.kafka_bootstrap, schema.CDC, database.cdc_password
        ) as worker:
            fakes.ecs.start(worker.address)
            yield RealStage(world, fakes, worker)


@pytest.fixture(scope="module")
def registered(real: RealStage) -> RealStage:
    """The whole registration, in the hook's order."""
    for operation in (Operation.READY, Operation.TOPICS, Operation.VALIDATE, Operation.REGISTER):
        answer = real.until_done(operation)
        assert answer.state is State.DONE, answer.summary
    answer = real.until_done(Operation.VERIFY)
    assert answer.state is State.DONE, answer.summary
    assert real.ask(Operation.RECORD).changed
    return real


def test_a_second_registration_changes_nothing(registered: RealStage) -> None:
    for operation in (Operation.TOPICS, Operation.REGISTER, Operation.RECORD):
        answer = registered.ask(operation)
        assert (answer.state, answer.changed) == (State.DONE, False), answer.summary


def test_a_topic_config_that_drifted_on_the_broker_is_fixed(registered: RealStage) -> None:
    history = registered.fakes.stage.topics.one("schema_history")
    _alter(registered.world.kafka_bootstrap, history, {"retention.ms": "60000", "segment.ms": "60000"})
    assert registered.ask(Operation.TOPICS).summary == "1 changed, 8 as wanted"
    assert registered.ask(Operation.TOPICS).summary == "9 as wanted"


def test_notifications_are_read_without_the_library_that_the_workers_compression_needs(
    registered: RealStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a function. A worker of this release has written before the topic had its own compression."""
    for each in ("has_lz4", "has_zstd", "has_snappy"):
        monkeypatch.setattr(codec, each, lambda: False)
    topic = registered.fakes.stage.topics.one("notification")
    with registered.session().kafka() as kafka:
        before = kafka.records(topic, readable_only=True)
    assert before, "the connector has notified of its snapshot"
    monkeypatch.undo()
    bootstrap = registered.world.kafka_bootstrap
    for compression, value in (("producer", b"unreadable"), ("uncompressed", b"readable")):
        _alter(bootstrap, topic, {"compression.type": compression})
        with registered.session().kafka() as kafka:
            _until_configured(kafka, topic, compression)
        with closing(
            KafkaProducer(bootstrap_servers=bootstrap, compression_type="lz4", linger_ms=1000)
        ) as producer:
            for number in range(3):
                # So long that compression makes it shorter; else it would be sent as it is.
                producer.send(topic, key=b"%d" % number, value=value * 100)
    for each in ("has_lz4", "has_zstd", "has_snappy"):
        monkeypatch.setattr(codec, each, lambda: False)
    expected = [(str(number), "readable" * 100) for number in range(3)]
    with registered.session().kafka() as kafka:
        assert kafka.records(topic, readable_only=True)[len(before) :] == expected
        with pytest.raises(ServerError, match="lz4"):
            kafka.records(topic)


def _until_configured(kafka: KafkaAdmin, topic: str, compression: str) -> None:
    """A broker takes a config over a moment after it has answered."""
    wait_for(lambda: kafka.configs([topic])[topic]["compression.type"] == compression, compression)


def test_data_topics_grow_on_the_broker_but_a_schema_history_may_not_have(registered: RealStage) -> None:
    registered.fakes.settings = ConnectorSettings(data_partitions=2)
    try:
        assert registered.ask(Operation.TOPICS).summary == "4 changed, 5 as wanted"
    finally:
        registered.fakes.settings = ConnectorSettings()
    back = registered.ask(Operation.TOPICS).summary
    assert back == "5 as wanted, 4 with more partitions than wanted, which Kafka cannot take away"


def test_a_topic_with_a_record_does_not_grow_without_the_changes_name(registered: RealStage) -> None:
    registered.world.database.insert("WMS", schema.BASE)
    data = registered.fakes.stage.topics.roles["data"]
    (topic,) = [name for name in data if name.endswith(f".WMS.{schema.BASE}")]
    with registered.session().kafka() as kafka:
        partitions = kafka.partitions(data)
        wait_for(lambda: kafka.filled(partitions) == {topic}, "a record on its topic alone", WAIT_SECONDS)
    registered.fakes.settings = ConnectorSettings(data_partitions=3)
    try:
        refused = registered.ask(Operation.TOPICS)
    finally:
        registered.fakes.settings = ConnectorSettings()
    assert refused.state is State.FAILED
    assert "data_partitions 2->3" in refused.summary
    with registered.session().kafka() as kafka:
        assert kafka.partitions(data) == partitions


def test_no_answer_of_connect_holds_a_credential_or_the_broker_string(registered: RealStage) -> None:
    config = registered.worker.ask(f"/connectors/{CONNECTOR}/config")
    plugin = json.loads(config)["connector.class"]
    paths = ("", "/config", "/status", "/tasks", "/tasks-config", "/offsets", "/topics")
    for path in paths:
        registered.assert_clean(registered.worker.ask(f"/connectors/{CONNECTOR}{path}"))
    registered.assert_clean(registered.worker.ask("/connectors?expand=info&expand=status"))
    validated = registered.worker.ask(f"/connector-plugins/{plugin}/config/validate", config.encode())
    assert json.loads(validated)["error_count"] == 0
    registered.assert_clean(validated)


@pytest.mark.long
def test_a_heartbeat_table_s_changes_come_back_through_the_log(registered: RealStage) -> None:
    """Nobody but the connector writes: what arrives has gone from connector to database to topic."""
    script = OracleScript(container=True, heartbeat_table="BEATS.HEARTBEAT")
    with registered.world.database.sys() as session:
        session.script(script.heartbeat_statements(), {"dbz_user": schema.CDC})
    topic = registered.fakes.stage.topics.one("heartbeat_table")
    registered.fakes.settings = ConnectorSettings(heartbeat_seconds=1, heartbeat_table="BEATS.HEARTBEAT")
    try:
        for operation in (Operation.TOPICS, Operation.VALIDATE, Operation.REGISTER, Operation.VERIFY):
            answer = registered.until_done(operation)
            assert answer.state is State.DONE, answer.summary
        with registered.session().kafka() as kafka:
            wait_for(lambda: kafka.newest(topic) is not None, "a beat", WAIT_SECONDS, every=0.5)
            first = kafka.newest(topic)
            wait_for(lambda: kafka.newest(topic) != first, "another beat", WAIT_SECONDS, every=0.5)
            # A captured table that the connector may not read is told. The task fails: an operator acts.
            with _unreadable(registered.world, schema.TABLES[-1]):
                refusal = wait_for(partial(_refusal, registered), "a refused beat", WAIT_SECONDS, every=0.5)
            assert classify(refusal).name == "database rights"
            assert registered.ask(Operation.REGISTER).changed
            first = kafka.newest(topic)
            wait_for(lambda: kafka.newest(topic) != first, "another beat", WAIT_SECONDS, every=0.5)
    finally:
        registered.fakes.settings = ConnectorSettings()
        registered.until_done(Operation.REGISTER)
        registered.until_done(Operation.VERIFY)


@pytest.mark.long
def test_a_wrong_password_is_no_session_and_oracles_words_are_in_the_log(registered: RealStage) -> None:
    """A changed setting makes REGISTER write: Connect's answer to that is a 500 without a cause."""
    known = len(registered.worker.log.read_text(encoding="utf-8"))
    registered.set_password("another")
    registered.fakes.settings = ConnectorSettings(heartbeat_seconds=20)
    try:
        answers = [registered.ask(Operation.VALIDATE), registered.ask(Operation.REGISTER)]
    finally:
        registered.fakes.settings = ConnectorSettings()
        registered.set_password(registered.world.database.cdc_password)
    for answer in answers:
        assert answer.state is State.FAILED
        assert "gives the connector no session: Failed to resolve Oracle database version" in answer.summary
        assert answer.summary.endswith("(the admin Lambda reaches its port)")
    log = registered.worker.log.read_text(encoding="utf-8")
    assert "ORA-01017" in log[known:]


def test_a_database_that_is_down_is_reported_while_connect_says_running(registered: RealStage) -> None:
    registered.world.stop_database()
    try:
        refused = registered.ask(Operation.VALIDATE).summary
        assert refused.endswith("(the admin Lambda cannot reach its port either: connection refused)")
        wait_for(
            lambda: registered.ask(Operation.VERIFY).state is State.WAITING,
            "VERIFY waits",
            WAIT_SECONDS,
            every=0.5,
        )
        answer = registered.ask(Operation.VERIFY)
    finally:
        registered.world.start_database()
    assert "connector RUNNING, task 0 RUNNING, but the source" in answer.summary
    answer = registered.until_done(Operation.VERIFY)
    assert answer.state is State.DONE, answer.summary


def test_an_oracle_that_does_not_listen_is_reported_though_debezium_hides_why(registered: RealStage) -> None:
    held = claim((1521,))
    text = registered.fakes.secrets.values["wms/default/dbInfo"]
    oracle = {"ip": held.address, "db": "WMSPRD", "user": schema.CDC, "password": "unused-here"}
    registered.fakes.secrets.values["wms/default/dbInfo"] = json.dumps(oracle)
    try:
        answers = [registered.ask(Operation.VALIDATE), registered.ask(Operation.REGISTER)]
    finally:
        registered.fakes.secrets.values["wms/default/dbInfo"] = text
        held.release()
    for answer in answers:
        assert answer.state is State.FAILED
        assert answer.summary.startswith(
            f"the database at {held.address}:1521 gives the connector no session: Failed to resolve Oracle"
        )
        assert answer.summary.endswith("cannot reach its port either: connection refused)")


def test_a_plugin_that_the_image_lacks_is_named_at_once(registered: RealStage) -> None:
    text = registered.fakes.secrets.values["wms/default/dbInfo"]
    oracle = {"ip": "127.0.0.1", "db": "WMSPRD", "user": schema.CDC, "password": "unused-here"}
    registered.fakes.secrets.values["wms/default/dbInfo"] = json.dumps(oracle)
    registered.fakes.settings = ConnectorSettings(kind="jdbc")
    try:
        answer = registered.ask(Operation.VALIDATE)
    finally:
        registered.fakes.secrets.values["wms/default/dbInfo"] = text
        registered.fakes.settings = ConnectorSettings()
    assert answer.state is State.FAILED
    assert "io.confluent.connect.jdbc.JdbcSourceConnector" in answer.summary


@pytest.mark.long
def test_brokers_that_do_not_answer_are_waited_for_with_the_reason(registered: RealStage) -> None:
    held = claim((9092,))
    text = registered.fakes.secrets.values["wms/default/brokerString"]
    registered.fakes.secrets.values["wms/default/brokerString"] = f"{held.address}:9092"
    before = threading.active_count()
    try:
        answer = registered.ask(Operation.TOPICS)
    finally:
        registered.fakes.secrets.values["wms/default/brokerString"] = text
        held.release()
    assert answer.state is State.WAITING
    assert answer.summary == "the brokers do not answer (a connection): connection refused"
    assert threading.active_count() == before


@pytest.mark.long
def test_another_accounts_stage_of_the_same_name_is_reported_by_its_workers(registered: RealStage) -> None:
    """The real worker is taken for another account's: this one has no task and no record."""
    fakes = registered.fakes
    items = dict(fakes.table.items)
    fakes.ecs.no_cluster = True
    fakes.table.items.clear()
    try:
        answer = registered.ask(Operation.CLUSTER)
    finally:
        fakes.ecs.no_cluster = False
        fakes.table.items.update(items)
    assert answer.state is State.FAILED
    assert "a stage main of another account uses this cluster already" in answer.summary
    assert registered.ask(Operation.CLUSTER).state is State.DONE


def test_topics_are_created_all_or_none(registered: RealStage) -> None:
    """A twin that may not be seen in the list is refused by the brokers themselves."""
    specs = [
        TopicSpec(name, "data", 1, {"cleanup.policy": "delete"}) for name in ("fresh.topic", "wms_heartbeat")
    ]
    with registered.session().kafka() as kafka:
        with pytest.raises(
            ServerError, match=r"'wms_heartbeat' collides with existing topic: wms\.heartbeat"
        ):
            kafka.create(specs)
        assert "fresh.topic" not in kafka.topic_names()


@contextmanager
def _unreadable(world: World, table: tuple[str, str]) -> Iterator[None]:
    """For as long as the block runs the connector may not read a table."""
    right = f"SELECT ON {'.'.join(table)}"
    with world.database.sys() as session:
        session.execute(f"REVOKE {right} FROM {schema.CDC}")
    try:
        yield
    finally:
        with world.database.sys() as session:
            session.execute(f"GRANT {right} TO {schema.CDC}")


def _refusal(stage: RealStage) -> str:
    """The trace of a task that failed because its heartbeat was refused; empty while it runs."""
    status = json.loads(stage.worker.ask(f"/connectors/{CONNECTOR}/status"))
    traces = [task.get("trace", "") for task in status["tasks"]]
    return next((trace for trace in traces if HEARTBEAT_REFUSED in trace), "")


def _alter(bootstrap: str, topic: str, configs: dict[str, str]) -> None:
    from kafka.admin import ConfigResource, ConfigResourceType  # noqa: PLC0415

    client = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs)])
    finally:
        client.close()
