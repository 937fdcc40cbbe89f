"""What is refused before anything is touched."""

import json
import shutil
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from sceptre.exceptions import SceptreException
from sceptre.stack import Stack as SceptreStack

from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.stage import stack_states
from connector.domain.stage.stack_states import StackStep
from connector.domain.stage.stage import Stage
from connector.sceptre import preflight
from connector.sceptre.jinja import COMMON_HOOKS
from hooks.admit import AdmitStage
from hooks.change_sets import RefuseChangeSet
from hooks.guard import GuardDeletion
from tests.config.support import ROOT, stacks
from tests.domain.stage.test_stack_states import STATES
from tests.support.aws_answers import refuse
from tests.support.fake_aws import GOOD_SECRETS, FakeAws, FakeStack

BROKERS = "broker-1.example:9094,broker-2.example:9094"


def ready(owner: str = "default") -> FakeAws:
    """An account in which main can be launched."""
    connection = FakeAws.ready(owner)
    connection.secrets[f"wms/{owner}/brokerString"] = BROKERS
    return connection


def run(connection: FakeAws, group: str = "main", **config: object) -> None:
    name = "wms-foundation" if group == "foundation" else f"wms-network-{group.rpartition('/')[2]}"
    stack = FakeStack(f"{group}/network", name, connection)
    stack.stack_group_config.update(config)
    AdmitStage(None, stack).run()


def test_a_stage_with_foundation_and_good_secrets_is_admitted():
    run(ready())


def test_each_secret_is_read_once_however_many_stacks_ask():
    connection = ready("main")
    run(connection)
    run(connection)
    reads = [call for call in connection.calls if call == ("secretsmanager", "get_secret_value")]
    required, optional = 6, 2 * len(("connectAlbTls", "kafkaCredentials", "kafkaTls"))
    assert len(reads) == required + optional


def test_the_foundation_itself_needs_nothing_of_a_stage():
    run(FakeAws(), "foundation")


def test_a_launch_without_the_foundation_says_so_in_one_line():
    connection = FakeAws.ready()
    connection.stacks.clear()
    with pytest.raises(SceptreException, match="run `sceptre launch foundation` once"):
        run(connection)


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("default", "are reserved; choose another name"),
        ("Main", "differs from the named stage 'main' only in case"),
        ("feature/x", "letter a-z"),
        ("ephemeral/feature/x", "letter a-z"),
        ("ephemeral/wms", "could be mistaken for the start of"),
        ("ephemeral/main ", "letter a-z"),
    ],
)
def test_a_refused_stage_is_named_with_the_rule(group: str, words: str):
    connection = FakeAws.ready()
    with pytest.raises(SceptreException, match=words):
        run(connection, group)
    assert connection.calls == []


def test_a_missing_secret_names_both_places():
    connection = FakeAws.ready()
    del connection.secrets["wms/default/dbInfo"]
    with pytest.raises(SceptreException) as caught:
        run(connection)
    assert "wms/main/dbInfo" in str(caught.value)
    assert "wms/default/dbInfo" in str(caught.value)


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        (refuse("GetSecretValue", "AccessDeniedException", "not authorized"), "may not be read"),
        (
            refuse("GetSecretValue", "InvalidRequestException", "it was marked for deletion"),
            "marked for deletion",
        ),
        (
            refuse(
                "GetSecretValue",
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
            ),
            "has no value",
        ),
        ("  ", "is empty"),
        ("{", "is not valid JSON"),
        ("[]", "is a JSON array"),
    ],
)
def test_a_stage_secret_that_is_no_good_never_falls_back(stored: str | ClientError, words: str):
    connection = FakeAws.ready()
    connection.secrets["wms/main/dbInfo"] = stored
    with pytest.raises(SceptreException, match=words) as caught:
        run(connection)
    assert "wms/main/dbInfo" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_misspelt_setting_is_refused_with_the_known_ones():
    with pytest.raises(SceptreException, match="unknown setting 'desired_cuont'; known: .*desired_count"):
        run(FakeAws.ready(), desired_cuont=2)


def test_scram_needs_its_credentials():
    connection = FakeAws.ready()
    connection.secrets["wms/main/brokerString"] = "broker-1.example:9096"
    with pytest.raises(SceptreException, match="kafkaCredentials does not exist"):
        run(connection, kafka_auth="scram")


@pytest.mark.parametrize(
    "environment", [{"AWS_REGION": "us-east-1"}, {"AWS_DEFAULT_REGION": "us-east-1"}, {}]
)
def test_a_region_that_only_the_profile_names_is_not_left_out_in_silence(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    profile = tmp_path / "config"
    profile.write_text("[default]\nregion = us-gov-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profile))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if environment:
        run(ready())
        return
    with pytest.raises(SceptreException, match=r"profile names the region us-gov-west-1, .* set AWS_REGION"):
        run(ready())


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS"])
def test_a_launch_stops_while_functions_are_in_progress_and_registers_nothing(status: str):
    """Kind: stack states and operations under way get the right step."""
    connection = ready()
    name = "wms-functions-main"
    connection.stacks[name] = {"StackName": name, "StackStatus": status}
    with pytest.raises(
        SceptreException, match=f"{name} is {status}: .* under way; nothing was changed. Wait"
    ):
        run(connection)
    assert {service for service, _ in connection.calls} == {"cloudformation"}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("CREATE_IN_PROGRESS", "wait until"),
        ("ROLLBACK_FAILED", "aws cloudformation delete-stack --stack-name wms-foundation"),
    ],
)
def test_a_foundation_without_outputs_that_no_launch_helps_is_told_with_what_does(status: str, words: str):
    connection = ready()
    connection.stacks["wms-foundation"] = {"StackName": "wms-foundation", "StackStatus": status}
    with pytest.raises(SceptreException, match=words):
        run(connection)


@pytest.mark.parametrize("status", STATES)
def test_a_launch_over_any_state_goes_on_or_names_the_step_that_leads_out_of_it(status: str):
    """`launch again` is said nowhere: where it cannot help it would be wrong."""
    connection = ready()
    for name in Stage("main").names.stacks.values():
        connection.stacks[name] = {"StackName": name, "StackStatus": status}
    step = stack_states.step_for(status)
    if step in (StackStep.NOTHING, StackStep.LAUNCH):
        run(connection)
        return
    words = stack_states.next_step(Stage("main"), "wms-alarms-main", status)
    with pytest.raises(SceptreException) as caught:
        run(connection)
    assert ("Wait until it has ended" if step is StackStep.WAIT else words) in str(caught.value)
    assert "launch again" not in str(caught.value)


@pytest.mark.parametrize("point", ["before_create_change_set", "before_execute_change_set"])
def test_a_stage_is_not_changed_by_a_change_set(point: str):
    assert COMMON_HOOKS[point] == ("wms_no_change_set",)
    connection = ready()
    with pytest.raises(SceptreException, match=r"main/network: a change set .* `sceptre launch main`"):
        RefuseChangeSet(None, FakeStack("main/network", "wms-network-main", connection)).run()
    assert connection.calls == []
    RefuseChangeSet(None, FakeStack("foundation/foundation", "wms-foundation", connection)).run()


@pytest.mark.parametrize("typed", ["", ".", "..", "ephemeral", "mai", "ephemeral/x/..", "val"])
@pytest.mark.parametrize("hook", [AdmitStage, GuardDeletion])
def test_a_path_that_covers_more_than_the_stage_is_refused_before_aws_is_asked(typed: str, hook: type):
    connection = ready()
    stack = FakeStack("main/network", "wms-network-main", connection)
    stack.stack_group_config["launch_path"] = typed
    with pytest.raises(
        SceptreException, match="is not a stage; nothing was changed. Use one of: foundation, main"
    ):
        hook(None, stack).run()
    assert connection.calls == []


@pytest.mark.parametrize(
    "typed", ["main", "./main", "main/network.yaml", "main/network", f"{ROOT}/config/main"]
)
def test_the_stages_own_path_is_admitted_however_it_is_written(typed: str):
    run(ready(), launch_path=typed)


def test_the_foundation_is_not_launched_with_everything_else():
    with pytest.raises(SceptreException, match="the path '' is not a stage"):
        run(FakeAws(), "foundation", launch_path="")


def test_a_named_stage_below_ephemeral_is_reported_how_it_is_launched():
    with pytest.raises(
        SceptreException, match="'main' is a named stage. Launch it with `sceptre launch main`"
    ):
        run(ready(), "ephemeral/main")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"account_id": "000000000000"},
            "for account 123456789012, but the setting account_id is 000000000000",
        ),
        ({"account_id": 42}, "expected 12 digits in quotes"),
        ({"allowed_regions": ["us-west-2"]}, "region us-east-1 is not in allowed_regions \\(us-west-2\\)"),
        ({"allowed_regions": "us-east-1"}, "is not a list of regions"),
        ({"subnets": "public"}, "allowed: private, data"),
        ({"broker_cidrs": ["10.0.0.0"]}, "broker_cidrs: '10.0.0.0' is not an IPv4 CIDR block"),
        ({"database_cidrs": "10.0.0.0/8"}, "database_cidrs '10.0.0.0/8' is not a list"),
        ({"expires": "soon"}, "expires 'soon' is not a date"),
        ({"expires": "2030-02-31"}, "expires '2030-02-31' is not a date"),
        ({"expires": "20301231"}, "expires '20301231' is not a date"),
        ({"owner": "<me>"}, "owner '<me>' cannot be used as a tag"),
    ],
)
def test_a_setting_that_no_template_evaluates_is_refused(settings: dict[str, object], words: str):
    with pytest.raises(SceptreException, match=words):
        run(ready(), "main", **settings)


def test_the_right_account_and_region_are_admitted():
    run(ready(), account_id="123456789012", allowed_regions=["us-west-2", "us-east-1"])


@pytest.mark.parametrize(
    ("group", "settings"),
    [
        ("main", {}),
        ("main", {"subscribe": ""}),
        ("val", {"subscribe": True}),
        ("ephemeral/x", {"subscribe": True}),
    ],
)
def test_a_stage_that_mails_has_somebody_to_mail(group: str, settings: dict[str, object]):
    connection = ready()
    connection.secrets["wms/default/alertEmails"] = '{"emails": []}'
    words = "wms/default/alertEmails has no addresses in 'emails'.* or set subscribe: false in config.yaml"
    with pytest.raises(SceptreException, match=words):
        run(connection, group, **settings)


def test_a_stage_that_does_not_mail_needs_nobody():
    config = {"subscribe": False}
    for stage, settings in (("main", config), ("x", {}), ("x", {"subscribe": ""}), ("x", config)):
        stored = StoredSecret("wms/default/alertEmails", "arn", "1", Redacted('{"emails": []}'))
        preflight._check_recipients(Stage.parse(stage), settings, stored)


def test_a_boundary_of_another_account_is_refused():
    connection = ready()
    connection.secrets["wms/main/iam/permissionsBoundary"] = "arn:aws:iam::000000000000:policy/boundary"
    with pytest.raises(
        SceptreException, match="policy of account 000000000000, but this is account 123456789012"
    ):
        run(connection)


def test_a_boundary_of_aws_is_admitted():
    connection = ready()
    connection.secrets["wms/main/iam/permissionsBoundary"] = "arn:aws:iam::aws:policy/PowerUserAccess"
    run(connection)


def test_an_empty_list_of_the_subnets_that_are_used_is_refused():
    connection = ready()
    vpc = {**json.loads(GOOD_SECRETS["vpc"]), "dataSubnets": []}
    connection.secrets["wms/main/vpc"] = json.dumps(vpc)
    with pytest.raises(SceptreException, match="'dataSubnets' is empty, but the setting subnets is data"):
        run(connection, subnets="data")


PUBLIC = "b-1-public.wms.abc123.c4.kafka.us-east-1.amazonaws.com:9194"


def test_brokers_at_public_addresses_need_the_blocks_that_they_are_in():
    """By default the security groups let clients reach the stage's subnets only."""
    connection = ready()
    connection.secrets["wms/main/brokerString"] = PUBLIC
    with pytest.raises(
        SceptreException, match="by MSK's public addresses, .*; set broker_cidrs in"
    ) as caught:
        run(connection)
    assert "abc123" not in str(caught.value)
    run(connection, broker_cidrs=["198.51.100.0/28"])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The real config/ in a project of its own."""
    ignored = shutil.ignore_patterns("ephemeral")
    shutil.copytree(ROOT / "config", tmp_path / "config", symlinks=True, ignore=ignored)
    (tmp_path / "templates").symlink_to(ROOT / "templates")
    return tmp_path


def admit_real(project: Path, connection: FakeAws, component: str = "network") -> None:
    """As Sceptre asks: by the hook of one of the stage's real stacks."""
    stack = stacks("main", project)[component]
    stack._connection_manager = connection
    AdmitStage(None, stack).run()


@pytest.mark.parametrize("asked", ["network", "alerts"])
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("task_memory: 1000\n", "main/connector: task_memory 1000 is not possible with"),
        ("container_memory: 4096\n", "container_memory 4096 is more than task_memory 3072"),
        ("desired_count: -1\n", "desired_count: .* not -1; settings are in config/main/config.yaml"),
        ("kafka_auth: scram\n", "kafka_auth is scram, but the port 9094"),
        ("connector: {kind: debezum}\n", "connector.kind 'debezum' is unknown; allowed: debezium, jdbc"),
        ("log_retention_days: 42\n", "main/alerts: log_retention_days"),
        ("task_cpu: 512\ntask_cpu: 1024\n", "main/config.yaml says 'task_cpu' twice, in lines 1 and 2"),
    ],
)
def test_the_first_level_is_refused_for_what_the_second_levels_template_would_refuse(
    project: Path, asked: str, settings: str, words: str
):
    (project / "config" / "main" / "config.yaml").write_text(settings)
    connection = ready()
    with pytest.raises(SceptreException, match=words) as caught:
        admit_real(project, connection, asked)
    assert "\n" not in str(caught.value)
    assert not {command for service, command in connection.calls if service == "cloudformation"} - {
        "describe_stacks"
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("before_update=", "befor_update=", "unknown point 'befor_update' .did you mean before_update.."),
        ("after_create=", "after_signal=", "unknown point 'after_signal'"),
        ("dependencies:", "dependancies:", "unknown key 'dependancies' .did you mean dependencies.."),
    ],
)
def test_a_slip_in_a_stack_file_that_sceptre_would_ignore_is_refused(
    project: Path, old: str, new: str, words: str
):
    path = project / "config" / "default" / "connector.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(SceptreException, match=f"main/connector: .*{words}"):
        admit_real(project, ready())


@pytest.mark.parametrize("group", ["foundation", "main", "val", "production", "default"])
def test_the_real_files_have_no_such_slip(group: str):
    for stack in stacks(group).values():
        preflight._check_keys(stack)


def test_every_template_of_a_stage_is_evaluated(project: Path, monkeypatch: pytest.MonkeyPatch):
    results: list[str] = []
    real = preflight._check_keys

    def judge(stack: SceptreStack) -> None:
        results.append(stack.name)
        real(stack)

    monkeypatch.setattr(preflight, "_check_keys", judge)
    admit_real(project, ready())
    assert {name.removeprefix("main/") for name in results} == set(stacks("main", project))
    assert Stage.parse("main").names.stacks.keys() >= {name.removeprefix("main/") for name in results}
