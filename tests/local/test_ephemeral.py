"""`wms-connector ephemeral` against a CloudFormation that really holds stacks."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connector.cli import main
from connector.local.aws import client_environment
from connector.local.state import ROOT
from tests.local.conftest import Embedded

pytestmark = pytest.mark.e2e

TEMPLATE = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(
        ROOT / "config", tmp_path / "config", symlinks=True, ignore=shutil.ignore_patterns("ephemeral")
    )
    return tmp_path


def run(embedded: Embedded, project: Path, verb: str, *words: str) -> Result:
    environment = client_environment(embedded.endpoint)
    arguments = ["ephemeral", verb, "--dir", str(project), *words]
    return CliRunner().invoke(main, arguments, env=environment)


def test_a_deployed_stage_is_listed_and_its_directory_stays_until_it_is_deleted(
    embedded: Embedded, project: Path
):
    assert run(embedded, project, "create", "feature-list", "--owner", "dev@example.com").exit_code == 0
    cloudformation = embedded.client("cloudformation")
    tags = {
        "project": "wms-connector",
        "stage": "feature-list",
        "ephemeral": "true",
        "owner": "dev@example.com",
        "expiry": "2020-01-01",
    }
    cloudformation.create_stack(
        StackName="wms-network-feature-list",
        TemplateBody=TEMPLATE,
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="wms-network-feature-list", WaiterConfig={"Delay": 1}
    )
    listed = run(embedded, project, "list", "--json")
    (found,) = [row for row in json.loads(listed.stdout) if row["stage"] == "feature-list"]
    assert found["deployed"]
    assert (found["owner"], found["expires"], found["expired"]) == ("dev@example.com", "2020-01-01", True)
    assert found["age"] == "0 h"
    assert found["stacks"] == {"wms-network-feature-list": "CREATE_COMPLETE"}

    refused = run(embedded, project, "remove", "feature-list", "--yes")
    assert refused.exit_code == 2
    assert "`sceptre delete ephemeral/feature-list` first" in refused.stderr

    cloudformation.delete_stack(StackName="wms-network-feature-list")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="wms-network-feature-list", WaiterConfig={"Delay": 1}
    )
    removed = run(embedded, project, "remove", "feature-list", "--yes")
    assert (removed.exit_code, removed.stderr) == (0, "")
    assert not (project / "config" / "ephemeral" / "feature-list").exists()
