"""`wms-connector plan`: stacks through Sceptre itself, the rest through the stage's real function."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sceptre.plan.actions
import sceptre.stack

from connector.domain.admin_api import Request
from connector.domain.capture.acls import Resource
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.launch_plan import STACK
from connector.domain.stage.stage import Stage
from connector.sceptre import planned, stack_diff
from connector.sceptre import stack as sceptre_stack
from connector.sceptre.render import write
from hooks import admit
from lambda_src.connect_admin import operations
from resolvers import subnet_cidrs, worker_image
from tests.commands.conftest import Run, assert_one_line
from tests.commands.test_operate import Deployed
from tests.support.fake_aws import FakeAws
from tests.support.project import copy_project, set_settings
from tests.support.rendered_config import rendered_group

BROKERS = "hidden-broker-1.example:9094,hidden-broker-2.example:9094"
PASSWORD = "hidden-p4ssword"
DB_INFO = {
    "host": "10.1.2.3",
    "port": 1521,
    "dbname": "WMS",
    "username": "hiddenreader",
    "password": PASSWORD,
}
CONFIDENTIAL = ("hidden-broker", "hiddenreader", PASSWORD)

#: What a plan may ask of AWS, but for the function: whatever reads.
READS = ("describe_", "get_", "list_")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own, in which the commands run."""
    made = copy_project(tmp_path, "feature-xyz")
    monkeypatch.chdir(made)
    return made


def new_run() -> None:
    """Each command is a process of its own."""
    sceptre_stack.SECRETS.clear()
    planned.forget()
    admit._admitted.clear()
    subnet_cidrs.forget()
    worker_image.forget()


@pytest.fixture
def main(project: Path, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """Main as this checkout has launched it."""
    deployed = Deployed()
    ready = FakeAws.ready()
    ready.secrets |= {
        **dict.fromkeys(("wms/main/brokerString", "wms/default/brokerString"), BROKERS),
        "wms/main/dbInfo": json.dumps(DB_INFO),
    }
    deployed.aws.secrets, deployed.aws.images = ready.secrets, ready.images
    deployed.aws.stacks |= ready.stacks

    def admin(event: Any) -> Any:
        request = Request.from_payload(event)
        session = deployed.inside.session(meant=request.stage)
        session.settings = request.settings
        return operations.answer(request.operation, session).to_payload()

    deployed.aws.functions[deployed.names.connect_admin] = admin
    for module in (sceptre.stack, sceptre.plan.actions):
        monkeypatch.setattr(module, "ConnectionManager", lambda *_, **__: deployed.aws)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    launched(deployed.aws, project)
    return deployed


def launched(aws: FakeAws, project: Path) -> None:
    """The stacks of main stand as this checkout makes them."""
    new_run()
    for each in stack_diff.compare(stack_diff.read(project, "main")):
        beside = each.after[STACK]
        aws.templates[each.name] = json.dumps({key: each.after[key] for key in each.after if key != STACK})
        aws.stacks[each.name] |= {
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in beside["parameters"].items()
            ],
            "Tags": [{"Key": name, "Value": value} for name, value in beside["tags"].items()],
        }


@pytest.fixture
def plan(run: Run, main: Deployed) -> Callable[..., Any]:
    """Runs `plan main`; nothing confidential is ever shown, and nothing is changed."""

    def invoke(*options: str, stage: str = "main") -> Any:
        new_run()
        before = (len(main.inside.connect.writes), list(main.inside.kafka.changes), len(main.aws.calls))
        result = run("plan", stage, *options)
        assert (len(main.inside.connect.writes), list(main.inside.kafka.changes)) == before[:2]
        asked = {command for service, command in main.aws.calls[before[2] :] if service != "lambda"}
        assert [command for command in asked if not command.startswith(READS)] == []
        assert not [word for word in CONFIDENTIAL if word in result.stdout + result.stderr]
        return result

    return invoke


def changes(result: Any, part: str = "") -> list[dict[str, Any]]:
    found = json.loads(result.stdout)["changes"]
    return [change for change in found if not part or change["part"] == part]


def test_a_stage_as_it_was_launched_has_no_changes(plan: Callable[..., Any]):
    result = plan("--exit-code")
    assert (result.exit_code, result.stderr) == (0, "")
    cost, last = result.stdout.splitlines()
    assert cost.startswith("cost a month: 55 USD (as now; list prices of us-east-1, ")
    assert last == "a launch of main changes nothing"
    printed = json.loads(plan("--json").stdout)
    assert (printed["changes"], printed["unknown"], printed["replaces_workers"]) == ([], [], [])
    assert printed["cost"]["before"] == printed["cost"]["after"]


def test_a_changed_setting_and_a_changed_stack_are_told_whole(plan: Callable[..., Any], project: Path):
    set_settings(project, "main", task_cpu=2048, task_memory=6144, connector={"heartbeat_seconds": 60})
    result = plan("--json", "--exit-code")
    assert (result.exit_code, result.stderr) == (2, "")
    (connector,) = changes(result, "connector")
    assert connector["name"] == "heartbeat.interval.ms"
    assert (connector["action"], connector["before"], connector["after"]) == ("update", "10000", "60000")
    places = {change["place"].rpartition(".")[2] for change in changes(result, "stack")}
    assert {"Cpu", "Memory", "heartbeat_seconds"} <= places
    assert {change["part"] for change in changes(result)} == {"stack", "connector"}
    printed = json.loads(result.stdout)
    assert printed["replaces_workers"] == ["Cpu", "Memory"]
    assert printed["cost"]["after"] > printed["cost"]["before"] + 35
    text = plan().stdout
    assert "this launch replaces the workers: Cpu, Memory changed" in text
    assert "cost a month: 94 USD (now 55 USD; " in text
    assert "heartbeat.interval.ms" in text
    assert plan().exit_code == 0, "only --exit-code makes changes a status"


def test_an_image_that_was_published_since_is_a_part_of_its_own(plan: Callable[..., Any], main: Deployed):
    (tag,) = main.aws.images
    main.aws.images[tag] = f"sha256:{'2' * 64}"
    (change,) = changes(plan("--json"))
    assert (change["part"], change["after"].rpartition("@")[2]) == ("image", f"sha256:{'2' * 64}")


def test_a_first_launch_creates_everything_and_needs_every_right(plan: Callable[..., Any]):
    result = plan("--json", "--exit-code", stage="feature-xyz")
    assert result.exit_code == 2
    stage = Stage("feature-xyz")
    stacks = {change["name"]: change["action"] for change in changes(result, "stack")}
    assert stacks == dict.fromkeys(stage.names.stacks.values(), "create")
    assert {change["name"] for change in changes(result, "topic")} == {
        spec.name for spec in stage.topics.specs("debezium")
    }
    assert {change["action"] for change in changes(result, "connector")} == {"create"}
    brokers = [change["name"] for change in changes(result, "broker right")]
    assert any(name.startswith("topic feature-xyz.wms.signal: ") for name in brokers)
    assert "LOGMINING" in [change["name"] for change in changes(result, "database right")]
    assert json.loads(result.stdout)["cost"]["before"] == 0
    text = plan(stage="feature-xyz").stdout
    assert "wms-connector broker-script feature-xyz" in text
    assert "which of these rights are granted already is not known before the first launch" in text


def test_rights_that_somebody_must_grant_are_named(plan: Callable[..., Any], main: Deployed, project: Path):
    main.inside.auth = KafkaAuth.TLS
    main.inside.kafka.refused.add((Resource.TOPIC, "wms.signal", "Write"))
    set_settings(project, "main", connector={"heartbeat_table": "WMSCDC.BEAT"})
    result = plan("--json")
    assert [change["name"] for change in changes(result, "broker right")] == ["topic wms.signal: Write"]
    assert [change["name"] for change in changes(result, "database right")] == [
        "SELECT ON WMSCDC.BEAT",
        "FLASHBACK ON WMSCDC.BEAT",
        "UPDATE ON WMSCDC.BEAT",
    ]
    assert {change["action"] for change in changes(result, "broker right")} == {"grant"}


def test_what_cannot_be_undone_is_told_with_whether_it_is_confirmed(
    plan: Callable[..., Any], main: Deployed, project: Path
):
    topic = "wms.WMS.PLAN_BASE_WVR_TBL"
    main.inside.kafka.written[topic] = [("key", "value")]
    set_settings(project, "main", connector={"data_partitions": 5})
    assert "is refused until it is confirmed: data_partitions 1->5" in plan().stdout
    assert topic in [change["name"] for change in changes(plan("--json"), "topic")]
    set_settings(project, "main", confirmed_changes=["data_partitions 1->5"])
    (change,) = json.loads(plan("--json").stdout)["cannot_be_undone"]
    assert (change["name"], change["loses"], change["confirmed"]) == ("data_partitions 1->5", True, True)


def test_a_stage_that_is_meant_to_stand_still_registers_nothing(plan: Callable[..., Any], project: Path):
    set_settings(project, "main", desired_count=0, connector={"heartbeat_seconds": 60})
    result = plan("--json")
    assert changes(result, "connector") == []
    assert json.loads(result.stdout)["cost"]["after"] < json.loads(result.stdout)["cost"]["before"]


def test_a_part_that_cannot_be_told_is_an_error_and_no_silence(plan: Callable[..., Any], main: Deployed):
    main.inside.kafka.unreachable = True
    result = plan("--json")
    assert result.exit_code == 1
    assert "error: not known: its topics could not be compared: the brokers do not answer" in result.stderr
    assert json.loads(result.stdout)["unknown"]
    main.aws.functions[main.names.connect_admin] = lambda _: RuntimeError("no memory")
    assert plan("--exit-code", "--offline").exit_code == 1
    result = plan("--exit-code")
    assert result.exit_code == 1
    assert "error: not known: connector, topics and rights on the brokers: the admin Lambda" in result.stderr


def test_a_function_of_an_earlier_release_does_not_know_the_rights(plan: Callable[..., Any], main: Deployed):
    answer = main.aws.functions[main.names.connect_admin]

    def earlier(event: Any) -> Any:
        found = answer(event)
        found["details"] = {key: found["details"][key] for key in found["details"] if key != "rights"}
        return found

    main.aws.functions[main.names.connect_admin] = earlier
    result = plan()
    assert result.exit_code == 1
    assert "rights on the brokers: the function that stands is of an earlier release" in result.stderr


def test_a_secret_that_somebody_has_written_into_what_stands_is_not_shown(
    plan: Callable[..., Any], main: Deployed
):
    """`plan` asserts it; here the values are where they could be shown."""
    name = main.names.stack("connector")
    found = json.loads(main.aws.templates[name])
    (container,) = found["Resources"]["Task"]["Properties"]["ContainerDefinitions"]
    container["Environment"][0]["Value"] = f"{PASSWORD} of hiddenreader at {BROKERS}"
    container["Hostname"] = PASSWORD
    main.aws.templates[name] = json.dumps(found)
    main.inside.connect.configs["wms-oracle-cdc"]["database.password"] = PASSWORD
    result = plan("--json")
    assert len(changes(result, "stack")) == 2
    assert "***" in result.stdout
    assert [change["before"] for change in changes(result, "connector")] == ["(not shown)"]
    plan()


# -- refusals ------------------------------------------------------------------------


def test_a_stage_that_no_stage_can_be_is_refused(plan: Callable[..., Any]):
    assert_one_line(plan(stage="Main"), "differs from the named stage 'main' only in case")
    refused = plan("--exit-code", stage="Main")
    assert (refused.exit_code, refused.stdout) == (1, ""), "2 is for changes alone"


def test_what_a_launch_would_be_refused_for_is_refused_in_the_same_words(
    plan: Callable[..., Any], main: Deployed, project: Path
):
    assert_one_line(plan(stage="feature-abc"), "wms-connector ephemeral create feature-abc")
    set_settings(project, "main", desired_count="many")
    assert_one_line(plan(), "desired_count", "config/main/config.yaml")
    set_settings(project, "main", desired_count=1)
    images, main.aws.images = main.aws.images, {}
    assert_one_line(plan(), "wms-connector image publish")
    main.aws.images = images
    del main.aws.secrets["wms/main/dbInfo"], main.aws.secrets["wms/default/dbInfo"]
    assert_one_line(plan(), "wms/main/dbInfo", "wms-connector secret-script main")


def test_a_launch_that_is_under_way_refuses_the_plan(plan: Callable[..., Any], main: Deployed):
    main.aws.stacks[main.names.stack("network")]["StackStatus"] = "UPDATE_IN_PROGRESS"
    result = plan()
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing was changed" in result.stderr


# -- offline -------------------------------------------------------------------------


@pytest.fixture
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What another commit, which is like this one, has rendered."""
    directory = tmp_path_factory.mktemp("base")
    list(write({name: rendered_group(name) for name in ("foundation", "main", "production")}, directory))
    return directory


def offline(run: Run, base: Path, stage: str, *options: str) -> Any:
    return run("plan", stage, "--offline", "--base", str(base), *options)


@pytest.mark.parametrize("stage", ["foundation", "main"])
def test_equal_commits_differ_in_nothing(run: Run, base: Path, stage: str):
    result = offline(run, base, stage, "--exit-code")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == f"a launch of {stage} changes nothing"


def test_a_commit_is_compared_with_its_base_without_credentials(run: Run, base: Path):
    """The base has a smaller production and a queue less."""
    file = base / "production" / "connector.json"
    file.write_text(file.read_text().replace('"2048"', '"1024"'))
    file = base / "production" / "functions.json"
    found = json.loads(file.read_text())
    del found["Resources"]["DeadLetters"]
    file.write_text(json.dumps(found))
    result = offline(run, base, "production", "--json", "--exit-code")
    assert result.exit_code == 2
    told = {(change["action"], change["place"]): change for change in changes(result)}
    cpu = told["update", "Resources.Task.Properties.Cpu"]
    assert (cpu["name"], cpu["before"], cpu["after"]) == ("wms-connector-production", "1024", "2048")
    assert told["create", "DeadLetters"]["after"] == "AWS::SQS::Queue"
    assert json.loads(result.stdout)["cost"]["after"] > json.loads(result.stdout)["cost"]["before"]
    assert "Cpu" in offline(run, base, "production").stdout


def test_a_stage_that_the_base_does_not_have_is_new(run: Run, base: Path):
    shutil.rmtree(base / "production")
    result = offline(run, base, "production", "--json")
    assert {change["action"] for change in changes(result)} == {"create"}
    assert json.loads(result.stdout)["cost"]["before"] == 0


def test_a_base_without_templates_is_refused(run: Run, base: Path, tmp_path: Path):
    assert_one_line(offline(run, tmp_path, "main"), "--base", "wms-connector render --out DIR")
    (base / "main" / "network.json").write_text("{")
    assert_one_line(offline(run, base, "main"), "network.json is no template")
    assert_one_line(offline(run, base, "Main"), "only in case")


@pytest.mark.parametrize("options", [("--offline",), ("--base", ".")])
def test_offline_and_base_belong_together(run: Run, options: tuple[str, ...]):
    result = run("plan", "main", *options)
    assert result.exit_code == 2
    assert "--offline and --base DIR belong together" in result.stderr
