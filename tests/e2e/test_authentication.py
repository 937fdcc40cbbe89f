"""Each way of authenticating to the brokers: a stage streams, is checked and is torn down.

The brokers are real, with ACLs; behind `iam` they ask the embedded IAM for each login and each request. The
default of every other test is `scram`.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from kafka.net.sasl.msk import AwsMskIamClient

from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.stage import Stage
from connector.local import broker, schema
from connector.local.arrivals import Watch, topics_of
from connector.local.aws import MSK_IAM_FILE
from connector.local.world import World
from tests.support import traces
from tests.support.project import copy_project, set_settings
from tests.support.sceptre_cli import Run, at_once, sceptre
from tests.support.stage_under_test import StageUnderTest
from tests.support.waiting import TIMEOUT_SECONDS
from tests.support.wms_cli import Done, wms_connector

pytestmark = pytest.mark.e2e

STAGES: Mapping[KafkaAuth, Stage] = {
    auth: Stage.parse(f"by-{auth}") for auth in KafkaAuth if auth is not KafkaAuth.SCRAM
}
#: IAM for each change, the others each night: `scram` is what all other tests use.
AUTHS = pytest.mark.parametrize(
    "auth",
    [pytest.param(auth, marks=[] if auth is KafkaAuth.IAM else [pytest.mark.long]) for auth in STAGES],
    ids=str,
)
ANONYMOUS = "ANONYMOUS"
#: To which the logins are signed that are changed afterwards.
BROKER_HOST = "127.0.0.88"
TABLE = ("WMS", schema.BASE)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with a branch for each way; with IAM the cluster's ARN must be known."""
    made = copy_project(tmp_path_factory.mktemp("checkout"), *(stage.name for stage in STAGES.values()))
    return set_settings(made, f"ephemeral/{STAGES[KafkaAuth.IAM].name}", msk_cluster_arn=broker.MSK_CLUSTER)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[World]:
    """A world in which roles are enforced, for IAM is what lets one of the stages in."""
    with World.up(tmp_path_factory.mktemp("auth"), enforce_iam=True) as made:
        run = sceptre(made.env(), "launch", "foundation", "--yes", project=project)
        assert run.status == 0, run.output
        for auth, stage in STAGES.items():
            made.account.put_secret(f"{stage.name}/brokerString", made.broker_string(auth=auth))
            if auth is not KafkaAuth.IAM:
                made.grant(stage, user=ANONYMOUS)
        yield made


@pytest.fixture(scope="module")
def launched(world: World, project: Path, request: pytest.FixtureRequest) -> Mapping[KafkaAuth, Run]:
    """The stages that the selected tests are about, launched at once."""
    selected = [item for item in request.session.items if isinstance(item, pytest.Function)]
    asked = {
        i.callspec.params.get("auth") for i in selected if i.path == request.path and hasattr(i, "callspec")
    }
    auths = [auth for auth in STAGES if auth in asked]
    commands = [("launch", f"ephemeral/{STAGES[auth].name}", "--yes") for auth in auths]
    return dict(zip(auths, at_once(world.env(), *commands, project=project), strict=True))


@AUTHS
def test_a_stage_streams(world: World, launched: Mapping[KafkaAuth, Run], auth: KafkaAuth):
    assert launched[auth].status == 0, launched[auth].output
    rows = StageUnderTest(world, STAGES[auth]).new_rows()
    rows.insert(3)
    rows.assert_arrived_once()


@pytest.fixture(scope="module")
def snapshots(
    world: World, launched: Mapping[KafkaAuth, Run]
) -> Iterator[Mapping[KafkaAuth, tuple[Done, Watch, Counter[str]]]]:
    """A snapshot of one table is ordered of each stage: what was said, and what is read since."""
    found = {}
    world.database.insert(*TABLE)
    rows = world.database.count(*TABLE)
    for auth in launched:
        stage = STAGES[auth]
        watch = Watch(world.kafka_bootstrap, [_topic(stage)])
        # Every row that is there already: of the first snapshot, or inserted since.
        assert watch.wait_for(lambda seen: len(seen) >= rows, TIMEOUT_SECONDS)
        done = wms_connector(world.env(), "snapshot", stage.name, "--table", ".".join(TABLE))
        found[auth] = (done, watch, _snapshots(watch))
    yield found
    for _, watch, _ in found.values():
        watch.close()


@AUTHS
def test_its_signal_channel_hears_what_the_function_writes(
    world: World, snapshots: Mapping[KafkaAuth, tuple[Done, Watch, Counter[str]]], auth: KafkaAuth
):
    done, watch, before = snapshots[auth]
    assert done.status == 0, done
    rows = world.database.count(*TABLE)
    assert watch.wait_for(lambda _: (_snapshots(watch) - before).total() >= rows, TIMEOUT_SECONDS)


@AUTHS
def test_its_health_check_reaches_the_brokers(
    world: World, launched: Mapping[KafkaAuth, Run], auth: KafkaAuth
):
    assert launched[auth].status == 0
    found = StageUnderTest(world, STAGES[auth]).health()
    assert found["summary"].startswith("healthy"), found["summary"]


def test_no_broker_refused_any_right(world: World, launched: Mapping[KafkaAuth, Run]):
    """What the roles and `broker-script` allow is enough."""
    log = (world.logs / "broker-default.log").read_text(encoding="utf-8")
    assert " is Denied " not in log, [line for line in log.splitlines() if " is Denied " in line][:3]


@AUTHS
def test_its_teardown_leaves_nothing(
    world: World, project: Path, launched: Mapping[KafkaAuth, Run], auth: KafkaAuth
):
    stage = STAGES[auth]
    run = sceptre(world.env(), "delete", f"ephemeral/{stage.name}", "--yes", project=project)
    assert run.status == 0, run.output
    assert traces.of(StageUnderTest(world, stage)) == {}
    assert not topics_of(world.kafka_bootstrap) & set(stage.topics)


# -- what the brokers ask IAM ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def login(world: World) -> dict[str, str]:
    """A login as a client of MSK signs it, with the keys of a role that may connect and nothing else."""
    iam, sts = world.account.client("iam"), world.account.client("sts")
    role = iam.create_role(
        RoleName="only-connects",
        AssumeRolePolicyDocument=_policy("sts:AssumeRole", Principal={"AWS": "*"}),
    )["Role"]
    iam.put_role_policy(
        RoleName="only-connects",
        PolicyName="connect",
        PolicyDocument=_policy("kafka-cluster:Connect", Resource=broker.MSK_CLUSTER),
    )
    keys = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="client")["Credentials"]
    client = AwsMskIamClient(
        BROKER_HOST, keys["AccessKeyId"], keys["SecretAccessKey"], "us-east-1", keys["SessionToken"]
    )
    return dict(json.loads(client.first_message()))


def test_a_login_that_is_signed_by_a_role_is_that_roles(world: World, login: dict[str, str]):
    answer = _ask_iam(world, "authenticate", login)
    assert (answer.status, answer.text.split(":assumed-role/")[-1]) == (200, "only-connects/client")


#: What is changed after the signature -> the words of the refusal.
FORGED: Mapping[str, tuple[Callable[[str], str], str]] = {
    "x-amz-signature": (lambda text: f"{'1' if text[0] == '0' else '0'}{text[1:]}", "does not match"),
    "host": (lambda _: "127.0.0.99", "does not match"),
    "x-amz-date": (lambda text: f"{int(text[:4]) - 1}{text[4:]}", "was signed"),
    "x-amz-expires": (lambda _: "0", "was signed"),
    "action": (lambda _: "kafka-cluster:AlterCluster", "action is"),
    "x-amz-credential": (lambda text: text.replace("/kafka-cluster/", "/s3/"), "scope"),
    "x-amz-security-token": (lambda text: f"{text}x", "token"),
}


@pytest.mark.parametrize("field", FORGED)
def test_a_login_with_one_field_changed_is_refused(world: World, login: dict[str, str], field: str):
    change, why = FORGED[field]
    answer = _ask_iam(world, "authenticate", {**login, field: change(login[field])})
    assert answer.status == 403
    assert why in answer.text.lower()


def test_a_key_that_nobody_has_is_refused(world: World, login: dict[str, str]):
    _, _, scope = login["x-amz-credential"].partition("/")
    unknown = {**login, "x-amz-credential": f"ASIA{'0' * 16}/{scope}"}
    assert _ask_iam(world, "authenticate", unknown).status == 403


def test_a_role_may_do_what_its_policies_allow_and_nothing_else(world: World, login: dict[str, str]):
    principal = _ask_iam(world, "authenticate", login).text
    for action, status in (("Connect", 200), ("AlterCluster", 403), ("DescribeCluster", 403)):
        asked = {"principal": principal, "action": f"kafka-cluster:{action}", "resource": broker.MSK_CLUSTER}
        assert (action, _ask_iam(world, "authorize", asked).status) == (action, status)


@dataclass(frozen=True)
class _Answer:
    status: int
    text: str


def _ask_iam(world: World, path: str, body: Mapping[str, str]) -> _Answer:
    """What a broker asks the local world's IAM."""
    address = (world.state.directory / MSK_IAM_FILE).read_text(encoding="ascii")
    answer = requests.post(f"{address}/{path}", json=body, timeout=TIMEOUT_SECONDS)
    return _Answer(answer.status_code, answer.text)


def _policy(action: str, **rest: object) -> str:
    statement = {"Effect": "Allow", "Action": action, **rest}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _topic(stage: Stage) -> str:
    return f"{stage.topics.prefix}.{'.'.join(TABLE)}"


def _snapshots(watch: Watch) -> Counter[str]:
    return Counter(arrival.topic for arrival in watch.seen if arrival.operation == "snapshot")
