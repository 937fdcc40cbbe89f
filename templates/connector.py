"""Connector: the Kafka Connect worker on ECS Fargate."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator, model_validator
from troposphere import Equals, GetAtt, If, Not, NoValue, Ref, Template, ecs
from troposphere.iam import Role

from connector.domain.secrets.brokers import KafkaAuth, worker_environment
from connector.domain.secrets.injected import PinnedSecret, WorkerSecrets, names_for
from connector.domain.stage import aws_names as fixed
from connector.domain.stage.topics import Catalogue
from templates.shared import balancer, common, iam, image_rights, msk
from templates.shared.fargate import size_problem
from templates.shared.msk import KafkaRoleSettings
from templates.shared.roles import role
from templates.shared.settings import DatabaseSettings, DesiredCount, SecretKeysSettings, parse_settings

#: Where the image keeps the program (CONNECT_HOME) and the only directory that it may write to.
_HEALTH_CHECK = "/opt/connect/bin/healthcheck.sh"
_WRITABLE = "/tmp"  # noqa: S108  a volume of the task's own

#: The image's own user. AWS Config (ecs-task-definition-linux-user-non-root) and Security Hub (ECS.20) judge
#: the task definition, not the image.
_USER = "10001:10001"

#: Seconds that a worker gets to leave its group and hand over; Fargate allows 120.
_STOP_SECONDS = 60

#: How long ECS ignores the load balancer's health check after a worker has started.
_START_SECONDS = 300

#: A connection is probed long before AWS drops it as idle after 350 s.
_KEEP_ALIVE = {
    "net.ipv4.tcp_keepalive_time": "60",
    "net.ipv4.tcp_keepalive_intvl": "15",
    "net.ipv4.tcp_keepalive_probes": "5",
}


_PINNED = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")


class ConnectorStackSettings(KafkaRoleSettings, SecretKeysSettings):
    """The settings of the connector stack."""

    subnets: tuple[str, ...] = Field(
        min_length=1, description="Subnets of the tasks, from the secret vpc: with NAT or endpoints."
    )
    image: str = Field(
        description="The worker's image, pinned by digest: <repository>@sha256:<digest>. A tag could mean "
        "another image tomorrow.",
    )
    task_cpu: int = Field(description="CPU units of the task (1024 are one vCPU), as Fargate offers them.")
    task_memory: int = Field(description="Memory of the task in MiB, as Fargate offers it for task_cpu.")
    container_cpu: int | None = Field(
        default=None,
        gt=0,
        description="CPU units of the Connect container; when not given, those of the task: there is no "
        "other container.",
    )
    container_memory: int | None = Field(
        default=None,
        gt=0,
        description="Memory limit of the Connect container in MiB; the heap is a share of it. When not "
        "given, the task's memory: that is what Fargate charges for.",
    )
    desired_count: DesiredCount = Field(
        description="Workers. The connector has one task: a second worker is a standby. "
        "0: the stage stands still."
    )
    connect_group: str | None = Field(
        default=None,
        description="The workers' Connect group, one of the stage's own. Cannot be changed while the stage "
        "lives: the connector and its offsets are kept under it.",
    )
    secret_prefix: str = Field(min_length=1, description="What the paths of all secrets start with.")
    broker_secret_arn: str = Field(description="ARN of the secret brokerString that is in force.")
    broker_secret_version: str = Field(description="Its version that workers get: another one replaces them.")
    credentials_secret_arn: str | None = Field(
        default=None, description="ARN of the secret kafkaCredentials; needed when kafka_auth is scram."
    )
    credentials_secret_version: str | None = Field(default=None, description="Its version that workers get.")
    tls_secret_arn: str | None = Field(
        default=None,
        description="ARN of the secret kafkaTls, where the brokers' certificates are of a private authority.",
    )
    tls_secret_version: str | None = Field(default=None, description="Its version that workers get.")
    database: DatabaseSettings = Field(description="Under which keys the database's credentials are found.")

    @field_validator("image")
    @classmethod
    def _image_is_pinned(cls, image: str) -> str:
        if not _PINNED.fullmatch(image):
            raise ValueError(
                f"image {image!r} is not pinned by digest; expected <repository>@sha256:<64 hex digits>, or "
                "nothing for the published image of this checkout"
            )
        return image

    @model_validator(mode="after")
    def _group_is_the_stages_own(self) -> "ConnectorStackSettings":
        _ = self.catalogue
        return self

    @property
    def catalogue(self) -> Catalogue:
        """The topics and groups of the stage, with the Connect group in use."""
        own = self.parsed_stage.topics
        return own.using(self.connect_group or own.connect_group)

    @property
    def private_ca(self) -> str | None:
        """ARN of the secret with the authority of the brokers' certificates; None where Java's will do."""
        return None if self.kafka_auth is KafkaAuth.PLAINTEXT else self.tls_secret_arn

    @model_validator(mode="after")
    def _sizes_fit(self) -> "ConnectorStackSettings":
        problem = size_problem(self.task_cpu, self.task_memory)
        if problem is not None:
            raise ValueError(problem)
        for name in ("cpu", "memory"):
            inner, outer = getattr(self, f"container_{name}"), getattr(self, f"task_{name}")
            if inner is not None and inner > outer:
                raise ValueError(f"container_{name} {inner} is more than task_{name} {outer}")
        return self

    @model_validator(mode="after")
    def _scram_needs_credentials(self) -> "ConnectorStackSettings":
        if self.kafka_auth is KafkaAuth.SCRAM and self.credentials_secret_arn is None:
            raise ValueError("kafka_auth scram needs the secret kafkaCredentials; create it for the stage")
        return self


def sceptre_handler(sceptre_user_data: Mapping[str, Any] | None) -> str:
    """Called by Sceptre: the template as JSON."""
    return common.to_json(build(parse_settings(ConnectorStackSettings, sceptre_user_data)))


def build(settings: ConnectorStackSettings) -> Template:
    """ECS cluster, task definition, service and their two roles."""
    template = common.new_template(f"wms-connector {settings.stage}: the Kafka Connect worker")
    key = common.parameter(template, "KmsKeyArn", "The foundation's key")
    execution_role = role(
        template,
        "ExecutionRole",
        named=fixed.RolePart.EXECUTION,
        settings=settings,
        trust=iam.assume_as_task(),
        description="ECS: pulls the image, injects the secrets, writes the log",
        rights={
            "": [
                *image_rights.pull_image(settings.image),
                iam.write_logs(settings.names.connector_log_group),
                iam.read_worker_secrets(
                    settings.secret_prefix,
                    settings.parsed_stage,
                    names_for(settings.kafka_auth, private_ca=settings.private_ca is not None),
                ),
                iam.decrypt_through(key, "secretsmanager"),
                *iam.decrypt_secrets(settings.secrets_key_arns),
            ]
        },
    )
    cluster = settings.msk_cluster
    task_role = role(
        template,
        "TaskRole",
        named=fixed.RolePart.TASK,
        settings=settings,
        trust=iam.assume_as_task(),
        description="The worker itself: nothing in AWS, except brokers that authenticate through IAM",
        rights=msk.stream_as_worker(cluster, settings.catalogue) if cluster else {},
    )
    _add_task(template, settings, execution_role, task_role)
    _add_service(template, settings)
    return template


def environment(settings: ConnectorStackSettings) -> dict[str, str]:
    """The worker's variables without confidential values; all that worker.properties names is always set."""
    topics = settings.catalogue
    variables = {
        "CONNECT_GROUP_ID": topics.connect_group,
        "CONNECT_CONFIG_TOPIC": topics.one("connect_config"),
        "CONNECT_OFFSETS_TOPIC": topics.one("connect_offsets"),
        "CONNECT_STATUS_TOPIC": topics.one("connect_status"),
        **worker_environment(settings.kafka_auth),
    }
    if settings.kafka_auth is not KafkaAuth.SCRAM:
        variables |= {"KAFKA_USERNAME": "unused", "KAFKA_PASSWORD": "unused"}
    if settings.private_ca is None:
        variables["KAFKA_CERTIFICATE_AUTHORITY"] = "unused"
    return variables


def worker_secrets(settings: ConnectorStackSettings) -> WorkerSecrets:
    """What ECS injects: of each secret the version that was in force at the launch, until a rotation."""
    database, scram = settings.database, settings.kafka_auth is KafkaAuth.SCRAM
    credentials = settings.credentials_secret_arn if scram else None
    return WorkerSecrets(
        PinnedSecret(settings.broker_secret_arn, settings.broker_secret_version),
        PinnedSecret(database.secret_arn, database.secret_version),
        database.user_key,
        database.password_key,
        _pinned(credentials, settings.credentials_secret_version),
        _pinned(settings.private_ca, settings.tls_secret_version),
    )


def _pinned(arn: str | None, version: str | None) -> PinnedSecret | None:
    return None if arn is None else PinnedSecret(arn, version or "")


def _add_task(
    template: Template, settings: ConnectorStackSettings, execution_role: Role, task_role: Role
) -> None:
    template.add_resource(
        ecs.TaskDefinition(
            "Task",
            Family=settings.names.service,
            Cpu=str(settings.task_cpu),
            Memory=str(settings.task_memory),
            NetworkMode="awsvpc",
            RequiresCompatibilities=["FARGATE"],
            RuntimePlatform=ecs.RuntimePlatform(CpuArchitecture="X86_64", OperatingSystemFamily="LINUX"),
            ExecutionRoleArn=GetAtt(execution_role, "Arn"),
            TaskRoleArn=GetAtt(task_role, "Arn"),
            Volumes=[ecs.Volume(Name="tmp")],
            ContainerDefinitions=[_container(settings)],
        )
    )


def _container(settings: ConnectorStackSettings) -> ecs.ContainerDefinition:
    return ecs.ContainerDefinition(
        Name=fixed.CONTAINER,
        Image=settings.image,
        Essential=True,
        Cpu=settings.container_cpu or settings.task_cpu,
        # Given although it is the task's: the container's own control group then has the limit of which the
        # JVM takes the heap's share.
        Memory=settings.container_memory or settings.task_memory,
        User=_USER,
        ReadonlyRootFilesystem=True,
        MountPoints=[ecs.MountPoint(SourceVolume="tmp", ContainerPath=_WRITABLE, ReadOnly=False)],
        PortMappings=[
            ecs.PortMapping(ContainerPort=port, Protocol="tcp")
            for port in (fixed.CONNECT_PORT, fixed.METRICS_PORT)
        ],
        Environment=[
            ecs.Environment(Name=name, Value=value) for name, value in sorted(environment(settings).items())
        ],
        Secrets=[
            ecs.Secret(Name=name, ValueFrom=value)
            for name, value in sorted(worker_secrets(settings).variables().items())
        ],
        # A rebalance makes REST answer late for a while: five misses in a row, not one, mean that it has
        # failed.
        HealthCheck=ecs.HealthCheck(
            Command=["CMD", _HEALTH_CHECK], Interval=30, Timeout=15, Retries=5, StartPeriod=240
        ),
        StopTimeout=_STOP_SECONDS,
        SystemControls=[
            ecs.SystemControl(Namespace=name, Value=value) for name, value in sorted(_KEEP_ALIVE.items())
        ],
        Ulimits=[ecs.Ulimit(Name="nofile", SoftLimit=65536, HardLimit=65536)],
        LogConfiguration=ecs.LogConfiguration(
            LogDriver="awslogs",
            Options={
                # By name: the group is the alerts stack's and outlives this one.
                "awslogs-group": settings.names.connector_log_group,
                "awslogs-region": Ref("AWS::Region"),
                "awslogs-stream-prefix": "worker",
                # Not inherited: since 25 June 2025 ECS takes "non-blocking" where nothing is said, and that
                # drops lines when its buffer is full (Amazon ECS API reference, LogConfiguration, `mode`).
                # What Debezium passes over is found in this log only: stop rather than skip (decision 26).
                "mode": "blocking",
            },
        ),
    )


def _add_service(template: Template, settings: ConnectorStackSettings) -> None:
    names = settings.names
    groups = [
        common.security_group_parameter(template, "ClientSecurityGroupId", "May reach brokers and database"),
        common.security_group_parameter(template, "TaskSecurityGroupId", "Lets Lambdas and workers in"),
    ]
    # Whether there is a load balancer depends on a secret, so the network stack has an output for it.
    target_group = common.parameter(
        template, "TargetGroupArn", f"Where workers register; {balancer.NONE} without a load balancer"
    )
    template.add_condition("HasBalancer", Not(Equals(target_group, balancer.NONE)))
    template.add_resource(ecs.Cluster("Cluster", ClusterName=names.service))
    template.add_resource(
        ecs.Service(
            "Service",
            ServiceName=names.service,
            Cluster=Ref("Cluster"),
            TaskDefinition=Ref("Task"),
            LaunchType="FARGATE",
            DesiredCount=settings.desired_count,
            # A new worker runs before the old one leaves; a version that stays unhealthy is rolled back.
            DeploymentConfiguration=ecs.DeploymentConfiguration(
                MinimumHealthyPercent=100,
                MaximumPercent=200,
                DeploymentCircuitBreaker=ecs.DeploymentCircuitBreaker(Enable=True, Rollback=True),
            ),
            NetworkConfiguration=ecs.NetworkConfiguration(
                AwsvpcConfiguration=ecs.AwsvpcConfiguration(
                    AssignPublicIp="DISABLED", Subnets=list(settings.subnets), SecurityGroups=groups
                )
            ),
            LoadBalancers=If(
                "HasBalancer",
                [
                    ecs.LoadBalancer(
                        ContainerName=fixed.CONTAINER,
                        ContainerPort=fixed.CONNECT_PORT,
                        TargetGroupArn=target_group,
                    )
                ],
                NoValue,
            ),
            HealthCheckGracePeriodSeconds=If("HasBalancer", _START_SECONDS, NoValue),
            EnableECSManagedTags=True,
            PropagateTags="SERVICE",
        )
    )
    common.output(template, "ClusterName", Ref("Cluster"), "The ECS cluster")
    common.output(template, "ServiceName", GetAtt("Service", "Name"), "The ECS service")
    common.output(template, "TaskDefinitionArn", Ref("Task"), "The task definition's current revision")
