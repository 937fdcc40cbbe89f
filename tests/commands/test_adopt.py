"""`wms-connector adopt`: the plan of a move; it changes nothing and prints no value of a secret."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from connector.aws import account
from connector.domain.admin_api import Answer, State
from tests.commands.conftest import Run, assert_one_line
from tests.support import predecessor
from tests.support.aws_answers import refuse
from tests.support.fake_aws import FakeAws

#: What the command may ask of AWS: nothing that changes anything.
READS = ("describe_", "get_", "list_", "invoke")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """The account in which the predecessor runs."""
    made = predecessor.predecessor()
    monkeypatch.setattr(account, "Account", lambda **_: made)
    return made


@pytest.fixture(autouse=True)
def nothing_is_changed_and_nothing_confidential_printed(
    aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> Any:
    yield
    assert [call for call in aws.calls if not call[1].startswith(READS)] == []
    assert {event["operation"] for _, event in aws.invoked} <= {"cluster", "topic-names"}


def assert_clean(text: str) -> None:
    for value in predecessor.CONFIDENTIAL:
        assert value not in text


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Options with the topics and the connector's config in files."""
    topics, config = tmp_path / "topics", tmp_path / "connector.json"
    topics.write_text("\n".join(predecessor.TOPICS))
    config.write_text(json.dumps({"name": "wms-oracle-cdc", "config": predecessor.CONNECTOR}))
    return ["--topics-file", str(topics), "--connector-config", str(config)]


def titles(steps: list[dict[str, Any]]) -> list[str]:
    return [step["title"] for step in steps]


def test_without_plan_it_says_that_there_is_only_a_plan(run: Run, aws: FakeAws):
    assert_one_line(run("adopt", "main"), "there is only a plan", "adopt main --plan")
    assert aws.calls == []


def test_a_refused_stage_is_refused(run: Run, aws: FakeAws):
    assert_one_line(run("adopt", "Main", "--plan"), "Main")
    assert aws.calls == []


@pytest.mark.parametrize("prefix", ["*", "", "/x/"])
def test_a_prefix_that_cannot_be_is_refused(run: Run, aws: FakeAws, prefix: str):
    refused = run("adopt", "main", "--plan", "--secret-prefix", prefix)
    assert_one_line(refused, f"secret_prefix {prefix!r} is not a path")
    assert aws.calls == []


def test_the_plan_says_whose_each_stack_is_and_what_it_holds(run_json: Callable[..., Any], files: list[str]):
    found = run_json("adopt", "main", "--plan", *files)["found"]
    assert [(stack["name"], stack["ours"]) for stack in found["stacks"]] == [
        ("wms-alerts-main", False),
        ("wms-connector-main", False),
    ]
    assert found["stacks"][1]["owner"] == (
        "created 2025-03-05; no description; tags team=streaming; made by AWS CDK"
    )
    (service,) = found["services"]
    assert (service["cluster"], service["desired"], service["definition"]) == (
        "wms-connector-main",
        1,
        "wms-connector-main:7",
    )
    assert service["variables"] == {
        "CONNECT_GROUP_ID": "mgmt.connect.wms-connector-main",
        "CONNECT_VALUE_CONVERTER_SCHEMAS_ENABLE": "true",
    }
    assert found["connector"]["topic.prefix"] == "aws.wms.cdc."
    assert {entry["name"] for entry in found["taken"]} == {
        "Alerts-wms-alerts-main",
        predecessor.LOG_GROUP,
        "wms-connector-main",
    }


def test_the_steps_stop_the_predecessor_remove_its_stacks_and_launch_in_this_order(
    run_json: Callable[..., Any], files: list[str]
):
    plan = run_json("adopt", "main", "--plan", *files)
    commands = [command for step in plan["steps"] for command in step["commands"]]
    order = [
        "wms-connector oracle-script main",
        "sceptre launch ephemeral/main-trial",
        "curl -X DELETE http://<address of its task>:8083/connectors/wms-oracle-cdc",
        "aws ecs update-service --cluster wms-connector-main --service wms-connector-main --desired-count 0",
        (
            "aws cloudformation update-termination-protection --no-enable-termination-protection "
            "--stack-name wms-connector-main"
        ),
        "aws cloudformation delete-stack --stack-name wms-connector-main",
        "aws cloudformation delete-stack --stack-name wms-alerts-main",
        "sceptre launch main",
        "wms-connector verify main",
    ]
    assert [command for command in commands if command in order] == order
    back = [command for step in plan["back"] for command in step["commands"]]
    assert "aws ecs update-service --cluster wms-connector-main --service wms-connector-main " in back[0]


def test_secrets_are_told_by_shape_and_a_sid_is_converted(run_json: Callable[..., Any]):
    plan = run_json("adopt", "main", "--plan")
    found = {secret["name"]: secret for secret in plan["found"]["secrets"]}
    assert found["vpc"]["path"] == "mmdl/default/vpc"
    assert found["vpc"]["fits"] is True
    assert set(found["dbInfo"]["keys"]) == {"ip", "port", "db", "user", "password"}
    assert "takes 'db' for a SID" in found["dbInfo"]["conversions"][0]
    assert found["kafkaCredentials"]["path"] == ""
    (copy,) = [step for step in plan["steps"] if step["title"] == "Copy the secrets to wms/main/"]
    assert (
        "aws secretsmanager get-secret-value --secret-id mmdl/main/dbInfo --query SecretString --output text "
        "| jq -c '.sid = .db | del(.db)' | aws secretsmanager create-secret --name wms/main/dbInfo "
        "--secret-string file:///dev/stdin"
    ) in copy["commands"]
    assert any("--name wms/default/vpc" in command for command in copy["commands"])
    assert_clean(json.dumps(plan))


def test_what_consumers_see_names_old_and_new_topics(run_json: Callable[..., Any], files: list[str]):
    plan = run_json("adopt", "main", "--plan", *files)
    (topics,) = [line for line in plan["consumers"] if line.startswith("topics: ")]
    assert "so far aws.wms.cdc.PLAN_BASE_WVR_TBL, aws.wms.cdc.PLAN_WVR_RVSN_TBL; then wms.MMDL." in topics
    assert "orders" not in topics
    subjects = {line.partition(":")[0] for line in plan["consumers"]}
    assert {"envelope", "keys", "duplicates", "gap"} <= subjects


def test_what_is_not_known_is_said(run_json: Callable[..., Any], files: list[str]):
    without, with_files = (run_json("adopt", "main", "--plan", *more) for more in ([], files))
    assert "the cluster's topics: give --topics-file FILE" in without["unknown"]
    assert without["found"]["topics"] is without["found"]["connector"] is None
    assert not any("give --" in line for line in with_files["unknown"])
    assert any("no timestamp.initial" in line for line in with_files["unknown"])


def test_the_table_says_the_same_without_a_value(run: Run, files: list[str]):
    done = run("adopt", "main", "--plan", *files)
    assert done.exit_code == 0
    for words in ("wms-connector-main", "The move:", "The way back:", "Not known:", "Nothing was changed."):
        assert words in done.stdout
    assert_clean(done.output)


def test_once_our_function_stands_it_is_asked(run_json: Callable[..., Any], aws: FakeAws):
    def function(event: Any) -> Any:
        if event["operation"] == "topic-names":
            return Answer(State.DONE, "seen", details={"topics": list(predecessor.TOPICS)}).to_payload()
        shown = {"name": "wms-oracle-cdc", "topic.prefix": "aws.wms.cdc.", "connection.password": "never"}
        return Answer(State.FAILED, "foreign", details={"connectors": [shown]}).to_payload()

    aws.functions["wms-connector-main-connect-admin"] = function
    found = run_json("adopt", "main", "--plan")["found"]
    assert found["topics"] == sorted(predecessor.TOPICS)
    assert found["connector"] == {"name": "wms-oracle-cdc", "topic.prefix": "aws.wms.cdc."}


def test_where_nothing_is_the_plan_says_so_and_removes_nothing(run_json: Callable[..., Any], aws: FakeAws):
    aws.stacks.clear()
    aws.names.clear()
    aws.secrets.clear()
    plan = run_json("adopt", "main", "--plan")
    assert "no stack of the predecessor was found in this account and region" in plan["unknown"]
    assert "Delete the predecessor's stacks" not in titles(plan["steps"])
    assert [secret for secret in plan["found"]["secrets"] if secret["path"]] == []


def test_a_right_that_is_lacking_is_named_and_the_rest_is_read(run_json: Callable[..., Any], aws: FakeAws):
    denied = refuse("DescribeTable", "AccessDeniedException", "not authorized")
    aws.deny("dynamodb", "describe_table", denied)
    aws.deny("ecs", "describe_services", refuse("DescribeServices", "AccessDeniedException", "no"))
    plan = run_json("adopt", "main", "--plan")
    assert "whether names are taken: these credentials may not call DescribeTable" in plan["unknown"]
    assert any(line.startswith("services: AWS refused DescribeServices") for line in plan["unknown"])
    assert plan["found"]["services"] == []


def test_a_secret_that_may_not_be_read_is_no_secret_that_is_missing(
    run_json: Callable[..., Any], aws: FakeAws
):
    aws.secrets["mmdl/main/dbInfo"] = refuse("GetSecretValue", "AccessDeniedException", "no")
    found = {s["name"]: s for s in run_json("adopt", "main", "--plan")["found"]["secrets"]}
    assert "mmdl/main/dbInfo may not be read" in found["dbInfo"]["problem"]


@pytest.mark.parametrize("text", ["not json", "[]", '{"config": {"connection.password": "predecessors"}}'])
def test_a_file_that_is_no_config_is_refused_without_what_it_says(
    run: Run, aws: FakeAws, tmp_path: Path, text: str
):
    file = tmp_path / "connector.json"
    file.write_text(text)
    done = run("adopt", "main", "--plan", "--connector-config", str(file))
    assert_one_line(done, str(file), "'connector.class'")
    assert "predecessors" not in done.stderr
    assert aws.calls == []


def test_a_branchs_names_are_asked_about_without_its_directory(run_json: Callable[..., Any], aws: FakeAws):
    aws.names = {"AWS::DynamoDB::Table": {"wms-connector-feature-xyz-state", "wms-connector-example-state"}}
    plan = run_json("adopt", "feature-xyz", "--plan")
    assert plan["found"]["taken"] == [
        {"type": "AWS::DynamoDB::Table", "name": "wms-connector-feature-xyz-state"}
    ]
    assert "sceptre launch ephemeral/feature-xyz" in [c for s in plan["steps"] for c in s["commands"]]


def commands_of(plan: Any) -> list[str]:
    return [command for step in (*plan["steps"], *plan["back"]) for command in step["commands"]]


@pytest.mark.parametrize("stage", ["main", "feature-xyz"])
def test_every_command_of_ours_in_the_plan_is_one(run_json: Callable[..., Any], run: Run, stage: str):
    ours = {
        words
        for words in commands_of(run_json("adopt", stage, "--plan"))
        if words.startswith("wms-connector ")
    }
    assert len(ours) >= 6
    offline = [words for words in ours if words.split()[1] in ("oracle-script", "broker-script", "stage")]
    assert len(offline) == 3
    for words in ours:
        done = run(*words.split()[1:], "--help")
        assert done.exit_code == 0, words
        assert "Usage" in done.stdout
    for words in offline:
        assert run(*words.split()[1:]).exit_code == 0, words


def test_every_command_of_aws_in_the_plan_is_one_with_its_options(run_json: Callable[..., Any]):
    """As AWS's own description of its API has them, from which its command line is made."""
    session = botocore.session.get_session()
    theirs = [
        part.strip()
        for command in commands_of(run_json("adopt", "main", "--plan"))
        for part in command.split(" | ")
        if part.strip().startswith("aws ")
    ]
    assert len(theirs) > 12
    for command in theirs:
        _, service, operation, *rest = shlex.split(command)
        client = session.create_client(service, "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        if operation == "wait":
            assert rest.pop(0).replace("-", "_") in client.waiter_names
            continue
        model = client.meta.service_model.operation_model(
            client.meta.method_to_api_mapping[operation.replace("-", "_")]
        )
        asked = model.input_shape
        assert asked is not None
        known = {xform_name(member, "-") for member in asked.members}
        given = [word.removeprefix("--") for word in rest if word.startswith("--")]
        for option in given:
            name = option.removeprefix("no-") if option not in known else option
            assert name in known or option in ("query", "output"), command
        assert {xform_name(name, "-") for name in asked.required_members} <= {
            option.removeprefix("no-") for option in given
        }, command
