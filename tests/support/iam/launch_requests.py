"""Everything that launches and a teardown of a stage ask AWS for, by its rendered templates."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from connector.domain.access.call import AwsScope
from connector.domain.access.deployer import Deployer
from connector.domain.stage.artifacts import zip_folder
from connector.domain.stage.aws_names import COMPONENTS, FOUNDATION_STACK, PRODUCT
from connector.domain.stage.stage import Stage
from tests.support.iam.evaluator import IamRequest
from tests.support.iam.judge import handlers
from tests.support.iam.stack_requests import KEY_ID, Stack, requests
from tests.templates.support import ALB_TLS, MSK, built

SCOPE = AwsScope("aws", "us-east-1", "123456789012")
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
PATH = "/example/"
_GROUPS = {f"{name}SecurityGroupId": f"sg-{name.lower()}" for name in ("Client", "Task", "Function")}


def deployer(stage: Stage | None = None, *, foundation: bool = False, **changes: Any) -> Deployer:
    """A deployer of a stage, of all ephemeral ones or of the foundation, in the templates' account."""
    known = {"scope": SCOPE, "iam_path": PATH, "boundary": BOUNDARY, **changes}
    return Deployer(stage=stage, foundation=foundation, **known)


def of_foundation() -> Iterator[IamRequest]:
    """What the foundation's stack asks for."""
    tags = {"project": PRODUCT}
    template = built("foundation", emails=["ops@agency.example"])
    yield from _through_life(_stack(FOUNDATION_STACK, template, {}, tags))


def of_stage(stage: Stage, auth: str = "tls", *, balancer: bool = False) -> Iterator[IamRequest]:
    """What the stacks of a stage ask for: created, changed, rolled back, deleted."""
    for stack in stacks(stage, auth, balancer=balancer).values():
        yield from _through_life(stack)


def stacks(stage: Stage, auth: str = "tls", *, balancer: bool = False) -> dict[str, Stack]:
    """Component -> the stack as Sceptre would send it, with made-up outputs of the stacks before it."""
    tags = {"project": PRODUCT, "stage": stage.name, "ephemeral": str(stage.ephemeral).lower()}
    names = stage.names
    parameters = {
        "KmsKeyArn": SCOPE.arn("kms", f"key/{KEY_ID}"),
        "ArtifactBucketName": f"{FOUNDATION_STACK}-artifacts-abc123",
        "TargetGroupArn": "none",
        "AlertsTopicArn": SCOPE.arn("sns", names.sns_topic),
        "AlarmsTopicArn": SCOPE.arn("sns", f"Alarms-{names.stack('alerts')}"),
        "ConnectorLogGroup": names.connector_log_group,
        "ConnectHealthArn": SCOPE.arn("lambda", f"function:{names.connect_health}"),
        "DeadLetterQueueArn": SCOPE.arn("sqs", names.dead_letter_queue),
        **_GROUPS,
    }
    changes: dict[str, dict[str, Any]] = {
        "alerts": {"emails": ["ops@agency.example"], "subscribe": True},
        "functions": {"code_key": f"{zip_folder(stage)}/connect-0.zip"},
        "network": {"alb_tls": ALB_TLS} if balancer else {},
    }
    return {
        component: _stack(
            names.stack(component),
            built(component, stage.name, auth, **changes.get(component, {})),
            parameters,
            tags,
        )
        for component in COMPONENTS
    }


def _stack(
    name: str, template: Mapping[str, Any], parameters: Mapping[str, str], tags: Mapping[str, str]
) -> Stack:
    taken = {key: parameters[key] for key in template.get("Parameters", {})}
    return Stack(name, template, taken, tags, _handlers(), SCOPE.region, SCOPE.account)


@lru_cache(maxsize=1)
def _handlers() -> Mapping[str, Mapping[str, list[str]]]:
    return handlers()


def _through_life(stack: Stack) -> Iterator[IamRequest]:
    yield from requests(stack, None, "create_stack")
    yield from requests(stack, stack, "update_stack")
    yield from requests(stack, stack, "delete_stack")


__all__ = ["BOUNDARY", "MSK", "PATH", "SCOPE", "deployer", "of_foundation", "of_stage", "stacks"]
