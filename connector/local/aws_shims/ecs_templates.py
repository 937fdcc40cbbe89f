"""AWS::ECS::TaskDefinition and AWS::ECS::Service: properties that get lost between template and record.

MiniStack translates only some parts of a container definition from the template's spelling to the API's, so
`Secrets`, `HealthCheck`, `LinuxParameters`, `SystemControls`, `Ulimits`, `DependsOn` and the like keep a
spelling that no client reads; of the task definition it forgets `RuntimePlatform` and `EphemeralStorage`, of
the service the health check grace period, the platform version and ECS Exec. The stand-in for Fargate and
our tests read them.
"""

# MiniStack is extended at functions that are private to it and whose signatures are given.
# ruff: noqa: SLF001

from collections.abc import Mapping
from typing import Any

from connector.local.aws_shims._ministack import module, provisioners

#: Their keys are the user's own names and stay as they are.
_MAPS = {"Options", "DockerLabels", "Labels", "DriverOpts"}

_TASK = {"RuntimePlatform": "runtimePlatform", "EphemeralStorage": "ephemeralStorage"}
_SERVICE = {
    "HealthCheckGracePeriodSeconds": "healthCheckGracePeriodSeconds",
    "PlatformVersion": "platformVersion",
    "EnableExecuteCommand": "enableExecuteCommand",
    "EnableECSManagedTags": "enableECSManagedTags",
    "PropagateTags": "propagateTags",
    "DeploymentController": "deploymentController",
}


def install() -> None:
    """Replace the translation and extend both creations."""
    cfn = provisioners()
    cfn._normalize_container_defs = lambda definitions: [camel(definition) for definition in definitions]
    cfn._ecs_task_def_create = _with(cfn._ecs_task_def_create, _complete_task_definition)
    cfn._ecs_service_create = _with(cfn._ecs_service_create, _complete_service)
    cfn._RESOURCE_HANDLERS["AWS::ECS::TaskDefinition"]["create"] = cfn._ecs_task_def_create
    cfn._RESOURCE_HANDLERS["AWS::ECS::Service"]["create"] = cfn._ecs_service_create


def camel(value: Any) -> Any:
    """A template's value in the API's spelling, all the way down."""
    if isinstance(value, list):
        return [camel(item) for item in value]
    if isinstance(value, dict):
        return {
            key[:1].lower() + key[1:]: item if key in _MAPS else camel(item) for key, item in value.items()
        }
    return value


def _with(original: Any, complete: Any) -> Any:
    def create(logical_id: str, props: Mapping[str, Any], stack_name: str) -> Any:
        physical_id, attributes = original(logical_id, props, stack_name)
        complete(physical_id, props)
        return physical_id, attributes

    return create


def _complete_task_definition(arn: str, props: Mapping[str, Any]) -> None:
    ecs = module("services.ecs")
    record = ecs._task_defs[ecs._resolve_td_key(arn)]
    record.update({key: camel(props[name]) for name, key in _TASK.items() if name in props})


def _complete_service(arn: str, props: Mapping[str, Any]) -> None:
    cluster, name = arn.split(":service/", 1)[1].rsplit("/", 1)
    ecs = module("services.ecs")
    record = ecs._services[f"{ecs._resolve_cluster_name(cluster)}/{name}"]
    record.update({key: camel(props[name_]) for name_, key in _SERVICE.items() if name_ in props})
