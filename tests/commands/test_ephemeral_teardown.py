"""What tears stages down: one by name from any checkout, all that expired; and what is left of others."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result
from sceptre.config.reader import ConfigReader
from sceptre.context import SceptreContext

from connector.cli import main
from connector.domain.stage.aws_names import COMPONENTS
from connector.domain.stage.stage import Stage
from connector.operations import confirmation
from connector.operations import ephemeral_teardown as destroying
from tests.commands.conftest import Run
from tests.support.aws_answers import PAGE
from tests.support.fake_aws import OWNER, FakeAws, cluster
from tests.support.project import copy_project

NOON = datetime(2030, 1, 15, 12, tzinfo=UTC)
WHERE = f"account {OWNER}, region us-east-1"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path)


class Deployed:
    """Stages in an account, and a `sceptre delete` that removes the stacks of one, or fails."""

    def __init__(self, aws: FakeAws) -> None:
        self.aws = aws
        self.deleted: list[str] = []
        self.fails: set[str] = set()
        self.saw_directory: list[bool] = []

    @property
    def stages(self) -> list[str]:
        """The stages of which a stack stands."""
        tags = ({tag["Key"]: tag["Value"] for tag in s["Tags"]} for s in self.aws.stacks.values())
        return list(dict.fromkeys(tag["stage"] for tag in tags))

    def add(self, *stages: str, expiry: str | None = None) -> None:
        for stage in map(Stage.parse, stages):
            tags = {
                "project": "wms-connector",
                "stage": stage.name,
                "ephemeral": str(stage.ephemeral).lower(),
                **({"expiry": expiry} if expiry else {}),
            }
            for name in stage.names.stacks.values():
                self.aws.stacks[name] = {
                    "StackName": name,
                    "StackStatus": "CREATE_COMPLETE",
                    "CreationTime": NOON,
                    "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                }

    def own(self, stage: str, owner: str) -> None:
        """Tag the stage's stacks with an owner."""
        for name in Stage.parse(stage).names.stacks.values():
            self.aws.stacks[name]["Tags"].append({"Key": "owner", "Value": owner})

    def sceptre(self, root: Path, group: str) -> int:
        name = group.removeprefix("ephemeral/")
        self.saw_directory.append((root / "config" / group / "connector.yaml").is_file())
        self.deleted.append(name)
        if name in self.fails:
            return 1
        for stack in Stage.parse(name).names.stacks.values():
            self.aws.stacks.pop(stack, None)
        return 0


@pytest.fixture
def account(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    made = Deployed(aws)
    monkeypatch.setattr(destroying, "_sceptre", made.sceptre)
    return made


@pytest.fixture
def do(run: Run, project: Path, account: Deployed) -> Callable[..., Result]:
    return lambda verb, *words: run("ephemeral", verb, "--dir", str(project), *words)


def test_a_stage_goes_from_a_checkout_that_does_not_have_it(
    do: Callable[..., Result], account: Deployed, project: Path
):
    account.add("main", "feature-x")
    result = do("destroy", "--yes", "feature-x")
    assert result.exit_code == 0, result.stderr
    assert account.deleted == ["feature-x"]
    assert account.saw_directory == [True]
    assert account.stages == ["main"]
    assert not (project / "config" / "ephemeral" / "feature-x").exists()


def test_a_directory_that_was_there_stays(do: Callable[..., Result], account: Deployed, project: Path):
    account.add("feature-x")
    do("create", "feature-x", "--owner", "dev@example.com")
    assert do("destroy", "--yes", "feature-x").exit_code == 0
    assert (project / "config" / "ephemeral" / "feature-x" / "config.yaml").is_file()


@pytest.mark.parametrize("stage", ["main", "val", "production"])
def test_a_named_stage_is_refused_and_sceptre_is_not_called(
    do: Callable[..., Result], account: Deployed, stage: str
):
    account.add(stage)
    result = do("destroy", "--yes", stage)
    assert result.exit_code == 2
    assert "is a named stage" in result.stderr
    assert account.deleted == []


@pytest.mark.parametrize("branch", ["feature/x", "Main", "aws", "wms", "dependabot/npm/x", "x" * 65])
def test_a_branch_that_can_be_no_stage_is_nothing_to_do(
    do: Callable[..., Result], account: Deployed, branch: str
):
    result = do("destroy", "--yes", branch)
    assert result.exit_code == 0
    assert result.stdout.startswith("nothing to destroy: ")
    assert result.stdout.count("\n") == 1
    assert account.deleted == []


def test_who_mistypes_a_stage_that_is_to_go_is_told_which_one_was_meant(
    do: Callable[..., Result], run: Run, project: Path
):
    """With status 0 a slip would pass for a deletion."""
    run("ephemeral", "create", "--dir", str(project), "feature-x")
    for slip, meant in (("Main", "main"), ("feature/x", "feature-x")):
        result = do("destroy", "--yes", slip)
        assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
        assert result.stdout.endswith(f". Did you mean {meant}?\n")
    assert "Did you mean" not in do("destroy", "--yes", "dependabot/npm/x").stdout


def test_a_stage_is_deleted_only_after_a_yes_to_its_owner_and_age(
    do: Callable[..., Result], run: Run, account: Deployed, project: Path, monkeypatch: pytest.MonkeyPatch
):
    account.add("feature-x", expiry="2999-01-01")
    account.own("feature-x", "dev@example.com")
    refused = do("destroy", "feature-x")
    assert refused.exit_code == 2
    assert "Nobody can be asked without a terminal: add --yes" in refused.stderr
    monkeypatch.setattr(confirmation, "on_terminal", lambda: True)
    no = run("ephemeral", "destroy", "--dir", str(project), "feature-x", stdin="n\n")
    assert no.exit_code == 1
    assert "stage feature-x: owner dev@example.com, age " in no.stderr
    assert "expires 2999-01-01, 6 stacks: wms-alarms-feature-x" in no.stderr
    assert "Delete stage feature-x, its topics and all records on them? [y/N]" in no.stderr
    assert account.deleted == []
    yes = run("ephemeral", "destroy", "--dir", str(project), "feature-x", stdin="y\n")
    assert (yes.exit_code, account.deleted) == (0, ["feature-x"])


def test_a_stage_that_never_was_is_nothing_to_destroy_and_sceptre_is_not_called(
    do: Callable[..., Result], account: Deployed, project: Path
):
    account.add("feature-x")
    result = do("destroy", "feature-y")
    assert result.exit_code == 0
    none = f"there was nothing to destroy: stage 'feature-y' has no stack in {WHERE}"
    assert result.stdout == f"{none}. Did you mean feature-x?\n"
    assert "is deleted" not in result.stdout
    assert account.deleted == []
    assert not (project / "config" / "ephemeral").exists()


def test_a_sweep_asks_like_the_others(
    do: Callable[..., Result], run: Run, account: Deployed, project: Path, monkeypatch: pytest.MonkeyPatch
):
    account.add("old", expiry="2000-01-01")
    assert (do("sweep", "--expired").exit_code, account.deleted) == (2, [])
    monkeypatch.setattr(confirmation, "on_terminal", lambda: True)
    assert run("ephemeral", "sweep", "--expired", "--dir", str(project), stdin="n\n").exit_code == 1
    assert account.deleted == []
    assert run("ephemeral", "sweep", "--expired", "--dir", str(project), stdin="y\n").exit_code == 0
    assert account.deleted == ["old"]


def test_every_yes_is_the_same_option():
    """Of whatever asks: its name, its short form and its words."""
    found: list[tuple[tuple[str, ...], str | None]] = []

    def walk(command: click.Command, context: click.Context) -> None:
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                each = command.get_command(context, name)
                if each is not None:
                    walk(each, context)
        found.extend(
            (tuple(option.opts), option.help)
            for option in command.params
            if isinstance(option, click.Option) and "--yes" in option.opts
        )

    walk(main, click.Context(main))
    assert len(found) >= 5
    assert len(set(found)) == 1


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    do: Callable[..., Result], account: Deployed, project: Path
):
    assert do("destroy", "--dry-run", "feature-x").stdout == "would destroy stage feature-x\n"
    assert do("destroy", "--dry-run", "main").exit_code == 2
    assert do("destroy", "--dry-run", "feature/x").stdout.startswith("nothing to destroy")
    assert account.deleted == []
    assert not (project / "config" / "ephemeral").exists()


def test_an_empty_branch_is_a_mistake_of_the_pipelines(do: Callable[..., Result], account: Deployed):
    assert do("destroy", "--yes", "").exit_code == 2
    assert account.deleted == []


def test_a_failure_is_loud_and_keeps_the_directory_for_another_run(
    do: Callable[..., Result], account: Deployed, project: Path
):
    account.add("feature-x")
    account.fails = {"feature-x"}
    result = do("destroy", "--yes", "feature-x")
    assert result.exit_code == 1
    assert "failed with status 1" in result.stderr
    assert (project / "config" / "ephemeral" / "feature-x").is_dir()


def test_a_second_run_takes_the_directory_that_a_failed_one_left(
    do: Callable[..., Result], account: Deployed, project: Path
):
    account.add("feature-x")
    account.fails = {"feature-x"}
    do("destroy", "--yes", "feature-x")
    account.fails.clear()
    assert "stage feature-x is deleted" in do("destroy", "--yes", "feature-x").stdout
    assert not (project / "config" / "ephemeral" / "feature-x").exists()


def test_the_help_says_what_a_mistyped_name_ends_with(run: Run):
    words = " ".join(run("ephemeral", "destroy", "--help").stdout.split())
    assert 'prints "nothing to destroy" and exits with status 0, even if the name was mistyped' in words


def test_stacks_that_are_left_are_a_failure_although_sceptre_was_content(
    do: Callable[..., Result], account: Deployed, monkeypatch: pytest.MonkeyPatch
):
    account.add("feature-x")
    monkeypatch.setattr(destroying, "_sceptre", lambda root, group: 0)
    result = do("destroy", "--yes", "feature-x")
    assert result.exit_code == 1
    assert "still exist (wms-alarms-feature-x" in result.stderr


def test_a_sweep_shows_what_expired_and_touches_nothing(do: Callable[..., Result], account: Deployed):
    account.add("main", "old", expiry="2000-01-01")
    account.add("young", expiry="2999-01-01")
    account.add("unknown")
    result = do("sweep", "--expired", "--dry-run")
    assert result.exit_code == 0
    assert "would destroy old" in result.stdout
    assert "topic old.wms.heartbeat" in result.stdout
    for stage in ("young", "unknown", "main"):
        assert f"destroy {stage}" not in result.stdout
    assert account.deleted == []


def test_a_sweep_with_yes_goes_on_after_a_failure_and_reports_it(
    do: Callable[..., Result], account: Deployed
):
    account.add("broken", "old", expiry="2000-01-01")
    account.add("young", expiry="2999-01-01")
    account.fails = {"broken"}
    result = do("sweep", "--expired", "--yes")
    assert result.exit_code == 1
    assert account.deleted == ["broken", "old"]
    assert account.stages == ["broken", "young"]
    assert "1 of 2 stages were not deleted: broken" in result.stderr


@pytest.mark.parametrize("others", [0, 40])
def test_a_teardown_costs_the_same_however_many_stages_there_are(
    do: Callable[..., Result], account: Deployed, others: int
):
    """Of all stacks there are as many pages as stages; a sweep that read them for each would be quadratic."""
    expired = 3
    account.add(*(f"young-{number}" for number in range(others)), expiry="2999-01-01")
    account.add(*(f"old-{number}" for number in range(expired)), expiry="2000-01-01")
    pages = -(-len(account.aws.stacks) // PAGE)
    assert do("sweep", "--expired", "--yes").exit_code == 0
    stacks = len(Stage.parse("x").names.stacks)
    asked = account.aws.calls.count(("cloudformation", "describe_stacks"))
    assert asked == pages + 2 * stacks * expired


def test_sceptre_reads_the_files_of_the_one_stage_that_it_deletes(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
):
    """`sceptre delete` reads all of config/, which with 200 branches takes most of a minute."""
    for branch in ("a", "b"):
        run("ephemeral", "create", "--dir", str(project), branch)
    with destroying.narrowed(project, "ephemeral/a") as narrow:
        context = SceptreContext(str(narrow), "ephemeral/a", full_scan=True)
        monkeypatch.chdir(narrow)
        everything, ours = ConfigReader(context).construct_stacks()
        assert everything == ours
        assert {str(stack.name) for stack in ours} == {f"ephemeral/a/{component}" for component in COMPONENTS}
        settings = Path(narrow, "config", "ephemeral", "a", "config.yaml").read_text(encoding="utf-8")
        assert settings == Path(project, "config", "ephemeral", "a", "config.yaml").read_text("utf-8")
    assert not narrow.exists()
    assert (project / "config" / "ephemeral" / "a" / "config.yaml").is_file()
    assert (project / "config" / "default" / "config.yaml").is_file()


def test_sceptre_is_run_there(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch):
    for branch in ("a", "b"):
        run("ephemeral", "create", "--dir", str(project), branch)
    seen: list[list[str]] = []

    def ran(command: list[str], *, cwd: Path, **_: Any) -> subprocess.CompletedProcess[str]:
        seen.append([*command[1:], *sorted(path.name for path in cwd.glob("config/ephemeral/*/"))])
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(subprocess, "run", ran)
    assert destroying._sceptre(project, "ephemeral/a") == 3
    assert seen == [["delete", "--yes", "ephemeral/a", "a"]]


def test_a_sweep_says_which_stages_are_meant(do: Callable[..., Result], account: Deployed):
    assert do("sweep").exit_code == 2
    assert f"no deployed ephemeral stage has expired in {WHERE}\n" in do("sweep", "--expired").stdout


def test_the_list_reports_topics_whose_stage_has_no_stack(
    do: Callable[..., Result],
    run_json: Callable[..., Any],
    account: Deployed,
    project: Path,
):
    account.add("main", "a")
    existing = ["wms.heartbeat", "a.wms", "a.b.wms", "gone.wms.signal", "gone.wms", "gone.other", "orders"]
    account.aws.functions = {
        "wms-connector-main-connect-admin": cluster(existing),
        "wms-connector-a-connect-admin": cluster("no brokers"),
    }
    result = do("list")
    assert "the cluster of stage a could not be read: no brokers" in result.stderr
    assert "gone.wms.signal" in result.stdout
    account.aws.functions["wms-connector-a-connect-admin"] = cluster(existing)
    rows = run_json("ephemeral list", "--dir", str(project))
    assert {row["stage"]: row["orphan_topics"] for row in rows} == {
        "a": [],
        "a.b": ["a.b.wms"],
        "gone": ["gone.wms", "gone.wms.signal"],
    }
    assert {row["stage"]: row["deployed"] for row in rows} == {"a": True, "a.b": False, "gone": False}


def test_the_list_says_when_no_cluster_could_be_inspected(do: Callable[..., Result]):
    result = do("list")
    assert result.exit_code == 0
    assert "the topics of no cluster could be listed" in result.stderr


def test_a_stage_whose_stacks_are_somebody_elses_is_not_torn_down(
    do: Callable[..., Result], account: Deployed, project: Path
):
    name = Stage.parse("theirs").names.stack("network")
    account.aws.stacks[name] = {
        "StackName": name,
        "CreationTime": NOON,
        "StackStatus": "CREATE_COMPLETE",
        "Tags": [],
        "Description": "another",
    }
    done = do("destroy", "--yes", "theirs")
    assert done.exit_code == 2
    assert f"stack {name} was not made by this tool" in done.stderr
    assert account.deleted == []
    assert not (project / "config" / "ephemeral" / "theirs").exists()
