"""Commands on a local world whose every call is judged by a printed deployer policy."""

from pathlib import Path
from typing import Any

from connector.domain.access.call import AwsScope
from connector.domain.access.deployer import Deployer
from connector.local.aws import REGION
from connector.local.seeds import BOUNDARY, IAM_PATH
from connector.local.world import World
from tests.support.iam import judge
from tests.support.stage_under_test import MAIN


def directory(world: World) -> Path:
    """Where the judge of this world keeps its record."""
    return world.logs / "judge"


def deployer(world: World, whose: str) -> Deployer:
    """The deployer of `foundation`, of `main`, or else of all ephemeral stages of this world."""
    account = str(world.account.client("sts").get_caller_identity()["Account"])
    scope = AwsScope("aws", REGION, account)
    return Deployer(
        scope,
        MAIN if whose == "main" else None,
        foundation=whose == "foundation",
        iam_path=IAM_PATH,
        boundary=scope.global_arn("iam", f"policy/{BOUNDARY}"),
    )


def environment(world: World, whose: str, **options: Any) -> dict[str, str]:
    """The environment of a command; `options` as for `judge.judged`."""
    return judge.judged(world.env(), deployer(world, whose), directory(world), **options)
