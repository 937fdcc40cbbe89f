"""The worker's task definition, service and roles."""

import fnmatch
import json
import re
from pathlib import Path
from typing import Any

import pytest
from sceptre.exceptions import SceptreException

from connector.domain.secrets.injected import PinnedSecret
from templates.shared.fargate import SIZES, size_problem
from tests.templates.support import SECRET, built, plain, rights, text


def container(**arguments: Any) -> dict[str, Any]:
    task = built("connector", **arguments)["Resources"]["Task"]["Properties"]
    (only,) = task["ContainerDefinitions"]
    return dict(only)


def environment(**arguments: Any) -> dict[str, str]:
    return {entry["Name"]: entry["Value"] for entry in container(**arguments)["Environment"]}


def injected(**arguments: Any) -> dict[str, str]:
    return {entry["Name"]: entry["ValueFrom"] for entry in container(**arguments)["Secrets"]}


@pytest.mark.parametrize("auth", ["tls", "scram", "iam", "plaintext"])
def test_every_variable_that_the_worker_reads_is_set_exactly_once(auth: str):
    plain, secret = environment(auth=auth), injected(auth=auth)
    assert not set(plain) & set(secret)
    assert set(plain) | set(secret) == {
        "CONNECT_GROUP_ID",
        "CONNECT_CONFIG_TOPIC",
        "CONNECT_OFFSETS_TOPIC",
        "CONNECT_STATUS_TOPIC",
        "KAFKA_SECURITY_PROTOCOL",
        "KAFKA_SASL_MECHANISM",
        "KAFKA_SASL_LOGIN_MODULE",
        "KAFKA_SASL_CALLBACK_HANDLER",
        "KAFKA_BOOTSTRAP_SERVERS",
        "KAFKA_USERNAME",
        "KAFKA_PASSWORD",
        "KAFKA_CERTIFICATE_AUTHORITY",
        "DATABASE_USER",
        "DATABASE_PASSWORD",
    }


def test_confidential_values_come_from_secrets_by_arn_key_and_version():
    """Without a version ECS would give a worker that is replaced one that nobody has tried."""
    assert injected() == {
        "KAFKA_BOOTSTRAP_SERVERS": f"{SECRET}brokerString-AbCdEf:::v-brokerString",
        "DATABASE_USER": f"{SECRET}dbInfo-AbCdEf:username::v-dbInfo",
        "DATABASE_PASSWORD": f"{SECRET}dbInfo-AbCdEf:password::v-dbInfo",
    }


@pytest.mark.parametrize("auth", ["tls", "scram", "iam", "plaintext"])
def test_a_private_authority_is_injected_wherever_there_is_tls(auth: str):
    arn = f"{SECRET}kafkaTls-AbCdEf"
    given = injected(auth=auth, tls_secret_arn=arn, tls_secret_version="v3").get(
        "KAFKA_CERTIFICATE_AUTHORITY"
    )
    assert given == (None if auth == "plaintext" else f"{arn}:certificateAuthorityPem::v3")
    assert environment(auth=auth)["KAFKA_CERTIFICATE_AUTHORITY"] == "unused"


def test_with_scram_the_credentials_are_injected_and_without_they_are_marked_unused():
    given = injected(auth="scram")["KAFKA_PASSWORD"]
    assert given == f"{SECRET}kafkaCredentials-AbCdEf:password::v-kafkaCredentials"
    assert environment(auth="tls")["KAFKA_PASSWORD"] == "unused"


@pytest.mark.parametrize(("auth", "more"), [("tls", ()), ("scram", ("kafkaCredentials",))])
def test_the_execution_role_reads_the_injected_secrets_and_what_a_rotation_may_change_to(
    auth: str, more: tuple[str, ...]
):
    by_sid = {s["Sid"]: s for s in rights(built("connector", auth=auth), "ExecutionRole")}
    allowed = {plain(arn).rpartition(":secret:")[2] for arn in by_sid["ReadSecrets"]["Resource"]}
    names = ("brokerString", "dbInfo", *more)
    assert allowed == {f"wms/{owner}/{name}-??????" for owner in ("main", "default") for name in names}
    for reference in injected(auth=auth).values():
        named = PinnedSecret.of(reference).arn.rpartition(":secret:")[2]
        assert any(fnmatch.fnmatchcase(named, pattern) for pattern in allowed)


def test_an_ephemeral_stages_group_and_topics_carry_its_namespace():
    variables = environment(stage="feature-xyz")
    assert variables["CONNECT_GROUP_ID"] == "feature-xyz.mgmt.connect.wms-connector-feature-xyz"
    assert variables["CONNECT_OFFSETS_TOPIC"] == f"{variables['CONNECT_GROUP_ID']}.offsets"


def test_the_container_cannot_write_but_to_its_own_tmp():
    only = container()
    assert only["ReadonlyRootFilesystem"] is True
    (mount,) = only["MountPoints"]
    assert mount == {"SourceVolume": "tmp", "ContainerPath": "/tmp", "ReadOnly": False}  # noqa: S108


def test_the_health_check_runs_a_program_of_the_image_without_a_shell():
    assert container()["HealthCheck"]["Command"] == ["CMD", "/opt/connect/bin/healthcheck.sh"]


def test_a_connection_is_probed_before_aws_drops_it_as_idle():
    controls = {c["Namespace"]: int(c["Value"]) for c in container()["SystemControls"]}
    assert controls["net.ipv4.tcp_keepalive_time"] < 350


def test_the_log_group_is_named_and_never_made():
    options = container()["LogConfiguration"]["Options"]
    assert options["awslogs-group"] == "/aws/fargate/wms-connector-main-kafka-connect"
    assert "awslogs-create-group" not in options


def test_a_deploy_never_leaves_zero_workers_and_takes_a_bad_version_back():
    deployment = built("connector")["Resources"]["Service"]["Properties"]["DeploymentConfiguration"]
    assert deployment == {
        "MinimumHealthyPercent": 100,
        "MaximumPercent": 200,
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
    }


def test_tasks_have_no_public_address():
    service = built("connector")["Resources"]["Service"]["Properties"]
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert network["SecurityGroups"] == [{"Ref": "ClientSecurityGroupId"}, {"Ref": "TaskSecurityGroupId"}]
    assert service["PropagateTags"] == "SERVICE"


def test_the_worker_itself_may_do_nothing_in_aws_unless_iam_authenticates():
    for auth in ("tls", "scram", "plaintext"):
        assert rights(built("connector", auth=auth), "TaskRole") == []
    allowed = json.dumps(rights(built("connector", auth="iam"), "TaskRole"))
    assert "transactional-id/bigmac/" in allowed


@pytest.mark.parametrize(
    ("cpu", "memory", "part"),
    [
        (1000, 2048, "allowed: 256, 512, 1024"),
        (1024, 1024, "allowed: 2048 to 8192 in steps of 1024"),
        (256, 4096, "allowed: 512, 1024, 2048"),
        (8192, 17408, "in steps of 4096"),
    ],
)
def test_a_size_that_fargate_does_not_offer_is_refused_with_those_it_does(cpu: int, memory: int, part: str):
    with pytest.raises(SceptreException, match=part):
        text("connector", task_cpu=cpu, task_memory=memory, container_cpu=1, container_memory=1)


def test_every_size_of_the_table_is_accepted():
    assert all(size_problem(cpu, memory) is None for cpu, sizes in SIZES.items() for memory in sizes)


def test_a_container_larger_than_its_task_is_refused():
    with pytest.raises(SceptreException, match="container_memory 4096 is more than task_memory 3072"):
        text("connector", container_memory=4096)


@pytest.mark.parametrize(("cpu", "memory"), [(1024, 3072), (2048, 6144), (256, 512)])
def test_the_container_gets_all_that_the_task_pays_for(cpu: int, memory: int):
    found = container(task_cpu=cpu, task_memory=memory)
    assert (found["Cpu"], found["Memory"]) == (cpu, memory)


def test_a_stage_may_give_the_container_less():
    found = container(container_cpu=512, container_memory=2560)
    assert (found["Cpu"], found["Memory"]) == (512, 2560)


def test_the_task_definition_names_the_images_own_user_who_is_not_root():
    """AWS Config and Security Hub judge the task definition, and not the image."""
    image = Path(__file__).parents[2] / "connector" / "image" / "Dockerfile"
    (user,) = re.findall(r"^USER (\S+)$", image.read_text(encoding="utf-8"), re.MULTILINE)
    assert container()["User"] == user
    assert all(int(number) > 0 for number in user.split(":"))


def test_no_line_of_the_log_is_dropped_whatever_the_accounts_default_is():
    """The findings about skipped changes and three alarms read that log."""
    options = container()["LogConfiguration"]["Options"]
    assert options["mode"] == "blocking"
    # It belongs to the other mode: Amazon ECS API reference, LogConfiguration.
    assert "max-buffer-size" not in options


def test_scram_without_credentials_is_refused():
    with pytest.raises(SceptreException, match="needs the secret kafkaCredentials"):
        text("connector", auth="scram", credentials_secret_arn=None)


@pytest.mark.parametrize("component", ["connector", "functions"])
def test_iam_without_the_clusters_arn_is_refused(component: str):
    with pytest.raises(SceptreException, match="kafka_auth iam needs msk_cluster_arn"):
        text(component, auth="iam", msk_cluster_arn=None)
    with pytest.raises(SceptreException, match="is not the ARN of an MSK cluster"):
        text(component, auth="iam", msk_cluster_arn="bigmac")
