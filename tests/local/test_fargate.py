"""The stand-in for Fargate runs what a task definition says, and tells the truth about it."""

import json
import os
import signal
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.local import aws, leftovers, limits
from connector.local.addresses import free_port
from connector.local.processes import end
from connector.local.toolchain import Toolchain
from tests.local.cluster import PASSWORD, SECONDS, Cluster
from tests.local.conftest import Embedded
from tests.support.ecs_service import EcsService, address
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e


@pytest.fixture
def cluster(embedded: Embedded) -> Iterator[Cluster]:
    # A test that is run once more gets a name of its own, too.
    made = Cluster(embedded, f"c-{uuid.uuid4().hex[:8]}")
    yield made
    made.ecs.delete_service(cluster=made.name, service=made.name, force=True)
    wait_for(
        lambda: not [t for t in made.tasks("STOPPED") if t["lastStatus"] != "STOPPED"], "all stopped", SECONDS
    )


def test_a_worker_gets_what_its_task_definition_says_and_nothing_else(cluster: Cluster):
    cluster.create(cluster.register({"CONNECT_GROUP_ID": "g"}))
    (task,) = cluster.steady()
    environment = cluster.worker(task)["environment"]
    assert environment["CONNECT_GROUP_ID"] == "g"
    assert environment["KAFKA_PASSWORD"] == PASSWORD
    assert environment["JAVA_TOOL_OPTIONS"] == "-XX:TieredStopAtLevel=1 -XX:MaxRAM=1024m"
    assert {"HOME", "TMPDIR", "GATEWAY_PORT", "WMS_LOCAL_STATE", "AWS_ENDPOINT_URL"}.isdisjoint(environment)
    assert Path(environment["CONNECT_HOME"]) == Path(cluster.worker(task)["cwd"])
    assert Path(environment["CONNECT_TMP"]).is_dir()
    assert (task["lastStatus"], task["healthStatus"]) == ("RUNNING", "HEALTHY")
    assert address(task).startswith("127.0.0.")


@pytest.mark.skipif(bool(limits.why_not()), reason=limits.why_not())
def test_a_worker_that_needs_more_memory_than_its_container_has_is_killed_and_replaced(cluster: Cluster):
    cluster.create(cluster.register())
    (task,) = cluster.steady()
    identity = task["taskArn"].rsplit("/", 1)[-1]
    assert limits.of(identity) is not None
    # The container may have 1024 MiB; an answer never comes.
    with pytest.raises(OSError, match=r".*"):
        urllib.request.urlopen(f"http://{address(task)}:8083/hold/1100", timeout=20)
    (stopped,) = wait_for(
        lambda: [t for t in cluster.tasks("STOPPED") if t["taskArn"] == task["taskArn"]],
        "it is stopped",
        SECONDS,
    )
    assert stopped["stopCode"] == "EssentialContainerExited"
    assert stopped["containers"][0]["exitCode"] == 137
    assert stopped["containers"][0]["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    wait_for(lambda: limits.of(identity) is None, "its control group is gone", SECONDS)
    wait_for(lambda: task["taskArn"] not in [t["taskArn"] for t in cluster.steady()], "replaced", SECONDS)


def test_its_lines_reach_the_log_group_and_a_file(cluster: Cluster):
    cluster.create(cluster.register())
    (task,) = cluster.steady()
    logs = cluster.embedded.client("logs")

    def lines() -> Any:
        return [
            e["message"]
            for e in logs.filter_log_events(logGroupName=f"/aws/fargate/{cluster.name}")["events"]
        ]

    assert wait_for(lines, "a log event", SECONDS) == [f"worker at {address(task)}"]
    identity = task["taskArn"].rsplit("/", 1)[-1][:8]
    assert "worker at" in (cluster.embedded.state / "logs" / f"{cluster.name}-{identity}.log").read_text()


def test_two_workers_have_two_addresses(cluster: Cluster):
    cluster.create(cluster.register(), desired=2)
    assert len({address(task) for task in cluster.steady(count=2)}) == 2


def test_a_service_scaled_to_nothing_has_no_process_when_its_task_is_stopped(cluster: Cluster):
    cluster.create(cluster.register())
    (task,) = cluster.steady()
    process = cluster.process(task["taskArn"])
    cluster.update(desiredCount=0)
    (stopped,) = wait_for(
        lambda: [t for t in cluster.tasks("STOPPED") if t["lastStatus"] == "STOPPED"], "stopped", SECONDS
    )
    assert not process.alive
    assert stopped["stopCode"] == "ServiceSchedulerInitiated"
    assert stopped["stoppedReason"].startswith("Scaling activity initiated by")
    assert stopped["containers"][0]["exitCode"] == 0
    assert (cluster.describe()["runningCount"], cluster.describe()["desiredCount"]) == (0, 0)


def test_a_new_revision_is_healthy_before_the_old_one_stops(cluster: Cluster):
    cluster.create(cluster.register({"N": "1"}))
    (old,) = cluster.steady()
    seen: list[tuple[bool, bool]] = []
    cluster.update(taskDefinition=cluster.register({"N": "2"}))

    def replaced() -> Any:
        tasks = {t["taskArn"]: t for t in cluster.tasks()}
        fresh = [
            t for arn, t in tasks.items() if arn != old["taskArn"] and t.get("healthStatus") == "HEALTHY"
        ]
        seen.append((old["taskArn"] in tasks, bool(fresh)))
        return old["taskArn"] not in tasks

    wait_for(replaced, "the old task is gone", SECONDS)
    assert (False, False) not in seen
    (new,) = cluster.steady(revision=2)
    assert cluster.worker(new)["environment"]["N"] == "2"


def test_a_forced_deployment_replaces_the_worker(cluster: Cluster):
    cluster.create(cluster.register())
    (old,) = cluster.steady()
    cluster.update(forceNewDeployment=True)
    wait_for(lambda: old["taskArn"] not in [t["taskArn"] for t in cluster.tasks()], "replaced", SECONDS)
    cluster.steady(revision=1)


def test_a_revision_that_cannot_start_is_rolled_back_with_its_last_words(cluster: Cluster):
    cluster.create(cluster.register())
    (old,) = cluster.steady()
    cluster.update(taskDefinition=cluster.register({"BEHAVIOUR": "die"}))

    def failed() -> Any:
        return [d for d in cluster.describe()["deployments"] if d["rolloutState"] == "FAILED"]

    (deployment,) = wait_for(failed, "the circuit breaker trips", SECONDS)
    assert "ERROR no such broker ***" in deployment["rolloutStateReason"]
    assert PASSWORD not in deployment["rolloutStateReason"]
    assert [t["taskArn"] for t in cluster.tasks()] == [old["taskArn"]]
    assert cluster.describe()["taskDefinition"].endswith(":1")
    died = next(t for t in cluster.tasks("STOPPED") if t["taskDefinitionArn"].endswith(":2"))
    assert (died["stopCode"], died["containers"][0]["exitCode"]) == ("EssentialContainerExited", 3)
    assert died["stoppedReason"] == "Essential container in task exited"


def test_a_killed_worker_is_replaced(cluster: Cluster):
    cluster.create(cluster.register())
    (task,) = cluster.steady()
    os.kill(cluster.process(task["taskArn"]).pid, signal.SIGKILL)
    wait_for(
        lambda: [t["taskArn"] for t in cluster.tasks()] not in ([], [task["taskArn"]]), "a new task", SECONDS
    )
    (fresh,) = cluster.steady()
    assert fresh["taskArn"] != task["taskArn"]
    died = next(t for t in cluster.tasks("STOPPED") if t["taskArn"] == task["taskArn"])
    assert died["containers"][0]["exitCode"] == 137


def test_a_worker_that_loses_its_health_is_replaced(cluster: Cluster):
    """Frozen, it still counts as running; only the health check can tell."""
    cluster.create(
        cluster.register(
            healthCheck={
                "command": ["CMD-SHELL", "test ! -e $CONNECT_TMP/sick"],
                "interval": 5,
                "timeout": 2,
                "retries": 1,
            }
        )
    )
    (task,) = cluster.steady()
    (Path(cluster.worker(task)["environment"]["CONNECT_TMP"]) / "sick").touch()
    wait_for(
        lambda: [t["taskArn"] for t in cluster.tasks()] not in ([], [task["taskArn"]]), "a new task", SECONDS
    )
    died = next(t for t in cluster.tasks("STOPPED") if t["taskArn"] == task["taskArn"])
    assert died["stoppedReason"] == "Task failed container health checks"


@pytest.mark.parametrize("what", ["secret", "key"])
def test_a_secret_that_cannot_be_resolved_stops_the_task_and_is_named(cluster: Cluster, what: str):
    missing = {
        "secret": f"{cluster.secret.rsplit('/', 1)[0]}/absent-AbCdEf:password::",
        "key": f"{cluster.secret}:passphrase::",
    }[what]
    cluster.create(cluster.register(secret=missing))
    stopped = wait_for(lambda: cluster.tasks("STOPPED"), "a stopped task", SECONDS)[0]
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["stoppedReason"].startswith("ResourceInitializationError: unable to pull secrets")
    assert missing in stopped["stoppedReason"]
    assert PASSWORD not in stopped["stoppedReason"]


def test_attempts_to_start_what_cannot_start_get_rarer_and_end(cluster: Cluster):
    """Three attempts trip the circuit breaker; without a delay there would be hundreds."""
    cluster.create(cluster.register({"BEHAVIOUR": "die"}))
    wait_for(lambda: cluster.describe()["deployments"][0]["rolloutState"] == "FAILED", "given up", SECONDS)
    assert len(cluster.tasks("STOPPED")) == 3


def test_cloudformation_waits_for_the_service_and_takes_its_processes_along(embedded: Embedded):
    """CREATE_COMPLETE means healthy, DELETE_COMPLETE gone; a dying worker fails the stack in its words."""
    embedded.client("logs").create_log_group(logGroupName="/cfn")

    def template(behaviour: str) -> str:
        return json.dumps(
            {
                "Resources": {
                    "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "cfn"}},
                    "Definition": {
                        "Type": "AWS::ECS::TaskDefinition",
                        "Properties": {
                            "Family": "cfn",
                            "Cpu": "256",
                            "Memory": "512",
                            "NetworkMode": "awsvpc",
                            "RequiresCompatibilities": ["FARGATE"],
                            "ContainerDefinitions": [
                                {
                                    "Name": "kafka-connect",
                                    "Image": "x:1",
                                    "StopTimeout": 5,
                                    "Environment": [{"Name": "BEHAVIOUR", "Value": behaviour}],
                                }
                            ],
                        },
                    },
                    "Service": {
                        "Type": "AWS::ECS::Service",
                        "Properties": {
                            "ServiceName": "cfn",
                            "Cluster": {"Ref": "Cluster"},
                            "TaskDefinition": {"Ref": "Definition"},
                            "LaunchType": "FARGATE",
                            "DesiredCount": 1,
                            "DeploymentConfiguration": {
                                "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}
                            },
                        },
                    },
                }
            }
        )

    cloudformation = embedded.client("cloudformation")

    def wait(*ends: str) -> str:
        def status() -> Any:
            return next(
                (
                    s["StackStatus"]
                    for s in cloudformation.list_stacks()["StackSummaries"]
                    if s["StackName"] == "cfn" and s["StackStatus"] in ends
                ),
                None,
            )

        return str(wait_for(status, "/".join(ends), 120))

    cloudformation.create_stack(StackName="cfn", TemplateBody=template("live"))
    wait("CREATE_COMPLETE")
    service = EcsService(embedded.client("ecs"), "cfn", embedded.state)
    (task,) = service.tasks()
    assert task["healthStatus"] == "HEALTHY"
    cloudformation.update_stack(StackName="cfn", TemplateBody=template("die"))
    wait("UPDATE_ROLLBACK_COMPLETE")
    reasons = [
        e.get("ResourceStatusReason", "")
        for e in cloudformation.describe_stack_events(StackName="cfn")["StackEvents"]
    ]
    assert any("ERROR no such broker" in reason for reason in reasons)
    assert service.task_arns() == [task["taskArn"]]
    process = service.process(task["taskArn"])
    cloudformation.delete_stack(StackName="cfn")
    wait("DELETE_COMPLETE")
    assert not process.alive


def test_a_first_creation_that_cannot_start_rolls_back(embedded: Embedded):
    """No service is left behind by the failed creation."""
    cloudformation = embedded.client("cloudformation")
    cloudformation.create_stack(
        StackName="dead",
        TemplateBody=json.dumps(
            {
                "Resources": {
                    "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "dead"}},
                    "Definition": {
                        "Type": "AWS::ECS::TaskDefinition",
                        "Properties": {
                            "Family": "dead",
                            "ContainerDefinitions": [
                                {
                                    "Name": "c",
                                    "Image": "x:1",
                                    "Environment": [{"Name": "BEHAVIOUR", "Value": "die"}],
                                }
                            ],
                        },
                    },
                    "Service": {
                        "Type": "AWS::ECS::Service",
                        "Properties": {
                            "ServiceName": "dead",
                            "Cluster": {"Ref": "Cluster"},
                            "TaskDefinition": {"Ref": "Definition"},
                            "DesiredCount": 1,
                            "DeploymentConfiguration": {
                                "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}
                            },
                        },
                    },
                }
            }
        ),
    )

    def rolled_back() -> bool:
        (stack,) = cloudformation.describe_stacks(StackName="dead")["Stacks"]
        return bool(stack["StackStatus"] == "ROLLBACK_COMPLETE")

    wait_for(rolled_back, "ROLLBACK_COMPLETE", 120)
    assert embedded.client("ecs").list_clusters()["clusterArns"] == [] or all(
        "/dead" not in arn for arn in embedded.client("ecs").list_clusters()["clusterArns"]
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_end_of_the_world(tmp_path: Path, tools: Toolchain, number: signal.Signals):
    """Ended tidily, the server takes its workers along; killed, they are found by their records."""
    port = free_port()
    log = tmp_path / "logs" / "aws.log"
    process = aws.start(tmp_path, port, tools, tools.connect_home, enforce_iam=False, log=log)
    aws.wait(process, f"http://127.0.0.1:{port}")
    made = Cluster(Embedded(f"http://127.0.0.1:{port}", tmp_path), "ending")
    made.create(made.register())
    (task,) = made.steady()
    worker = made.process(task["taskArn"])
    end(process, grace=20, first=number)
    assert worker.alive is (number is signal.SIGKILL)
    leftovers.end_tasks(tmp_path)
    assert not worker.alive
    assert "leaving" in next((tmp_path / "logs").glob("ending-*.log")).read_text(encoding="utf-8")


def test_the_stop_of_a_task_is_an_event_with_what_ecs_says_of_it(cluster: Cluster):
    sqs, events = cluster.embedded.client("sqs"), cluster.embedded.client("events")
    url = sqs.create_queue(QueueName=f"{cluster.name}-events")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {"group": [f"service:{cluster.name}"], "lastStatus": ["STOPPED"]},
    }
    events.put_rule(Name=cluster.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=cluster.name, Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])
    cluster.create(cluster.register())
    (task,) = cluster.steady()
    os.kill(cluster.process(task["taskArn"]).pid, signal.SIGKILL)
    found = wait_for(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), "an event", SECONDS)
    (detail,) = [json.loads(message["Body"])["detail"] for message in found]
    assert detail["stoppedReason"] == "Essential container in task exited"
    assert [container["exitCode"] for container in detail["containers"]] == [137]
