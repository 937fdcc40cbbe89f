"""Whoever keeps a stage's backups reaches them and nothing else of the bucket, and deletes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.access.call import Caller
from connector.domain.stage.stage import NAMED_STAGES, Stage
from tests.domain.strategies import ephemeral_stages
from tests.support.iam.evaluator import Decision, IamRequest, decide
from tests.templates.role_rights import DeployedStage

BUCKET = "arn:aws:s3:::wms-foundation-artifacts-abc123"
ADMIN, HEALTH = Caller.ADMIN_FUNCTION, Caller.HEALTH_FUNCTION
DEPLOYED = {name: DeployedStage(Stage(name)) for name in NAMED_STAGES}
OBJECT = st.text("abcdefghijklmnopqrstuvwxyz0123456789-./", max_size=40)


def allowed(deployed: DeployedStage, caller: Caller, action: str, key: str, **context: str) -> bool:
    resource = f"{BUCKET}/{key}" if key else BUCKET
    request = IamRequest(action, resource, {name.replace("_", ":"): v for name, v in context.items()})
    return decide(request, deployed.policies(caller)) is Decision.ALLOWED


@pytest.mark.parametrize("name", NAMED_STAGES)
@given(OBJECT)
def test_a_stage_reaches_what_is_below_its_own_prefix_only(name: str, rest: str):
    own, deployed = f"backups/{name}/", DEPLOYED[name]
    for key in (
        f"{own}{rest}",
        rest,
        f"{name}/{rest}",
        *(f"backups/{other}/{rest}" for other in NAMED_STAGES),
    ):
        for action in ("s3:GetObject", "s3:PutObject"):
            assert allowed(deployed, ADMIN, action, key) == key.startswith(own), (action, key)
        assert allowed(deployed, HEALTH, "s3:PutObject", key) == key.startswith(own), key
        assert not allowed(deployed, HEALTH, "s3:GetObject", key)


@pytest.mark.parametrize("name", NAMED_STAGES)
@pytest.mark.parametrize("caller", [ADMIN, HEALTH])
def test_nobody_deletes_or_overwrites_versions(name: str, caller: Caller):
    key = f"backups/{name}/20300102T030405000000Z-daily.json"
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectAcl", "s3:GetObjectVersion"):
        assert not allowed(DEPLOYED[name], caller, action, key)


@pytest.mark.parametrize("name", NAMED_STAGES)
def test_only_the_own_backups_are_listed(name: str):
    for prefix in ("", "backups/", f"backups/{name}/", "backups/feature-x/", "main/"):
        listed = allowed(DEPLOYED[name], ADMIN, "s3:ListBucket", "", s3_prefix=prefix)
        assert listed == (prefix == f"backups/{name}/")
    assert not allowed(DEPLOYED[name], HEALTH, "s3:ListBucket", "", s3_prefix=f"backups/{name}/")


@given(ephemeral_stages)
def test_a_branchs_stage_has_no_right_on_backups(stage: Stage):
    deployed = DeployedStage(stage)
    for caller in (ADMIN, HEALTH):
        granted = [
            (action, resource)
            for policy in deployed.policies(caller)
            for statement in policy["Statement"]
            for action in statement["Action"]
            for resource in statement["Resource"]
            if action.startswith("s3:")
        ]
        folder = f"/{stage.names.comparison_folder}*"
        assert all(action.endswith("Object") and resource.endswith(folder) for action, resource in granted)
