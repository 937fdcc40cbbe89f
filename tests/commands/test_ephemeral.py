"""A branch's stage: its directory is made once, completed, and removed only as it was made."""

import errno
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import NoCredentialsError
from click.testing import Result

from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage
from connector.operations import deployed, ephemeral_directory
from tests.commands.conftest import Run, assert_one_line
from tests.config.support import CONFIG, ROOT, stacks
from tests.support.fake_aws import OWNER, FakeAws, cluster

ON = date(2030, 1, 15)
COMPONENTS = sorted(path.name for path in (CONFIG / "default").glob("*.yaml") if path.name != "config.yaml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The real config/ in a checkout of its own, without ephemeral stages."""
    shutil.copytree(CONFIG, tmp_path / "config", symlinks=True, ignore=shutil.ignore_patterns("ephemeral"))
    (tmp_path / "templates").symlink_to(ROOT / "templates")
    return tmp_path


@pytest.fixture
def do(run: Run, project: Path, aws: FakeAws) -> Callable[..., Result]:
    """Runs `wms-connector ephemeral …` on the project, in an account without stacks."""
    return lambda verb, *words: run("ephemeral", verb, "--dir", str(project), *words)


def tree(project: Path) -> dict[str, str]:
    """Everything below config/ephemeral: links as where they lead, files as what they say."""
    found = sorted((project / "config").rglob("ephemeral/**/*"))
    return {
        str(path.relative_to(project / "config" / "ephemeral")): (
            f"-> {path.readlink()}" if path.is_symlink() else path.read_text() if path.is_file() else "/"
        )
        for path in found
    }


def test_create_makes_links_and_says_owner_and_expiry_once(do: Callable[..., Result], project: Path):
    result = do("create", "feature-x", "--owner", "dev@example.com", "--days", "3")
    assert result.exit_code == 0, result.stderr
    assert "sceptre launch ephemeral/feature-x" in result.stdout
    found = tree(project)
    assert found["config.yaml"] == "-> ../default/config.yaml"
    assert {name: found[f"feature-x/{name}"] for name in COMPONENTS} == {
        name: f"-> ../../default/{name}" for name in COMPONENTS
    }
    assert len(found) == len(COMPONENTS) + 3
    expires = datetime.now(tz=UTC).date() + timedelta(days=3)
    assert yaml.safe_load(found["feature-x/config.yaml"]) == {
        "owner": "dev@example.com",
        "expires": expires.isoformat(),
    }


@pytest.mark.parametrize("branch", ["feature-x", "Feature.X_1", "007", "A" * 64])
def test_sceptre_reads_what_create_made_and_tags_every_stack(
    do: Callable[..., Result], project: Path, branch: str
):
    assert do("create", "--owner", "dev@example.com", branch).exit_code == 0
    found = stacks(f"ephemeral/{branch}", project)
    assert sorted(f"{component}.yaml" for component in found) == COMPONENTS
    for component, stack in found.items():
        assert stack.external_name == Stage.parse(branch).names.stack(component)
        assert stack.tags["owner"] == "dev@example.com"
        assert date.fromisoformat(stack.tags["expiry"])


def test_an_ephemeral_stage_inherits_what_default_says(do: Callable[..., Result], project: Path):
    (project / "config" / "default" / "config.yaml").write_text("desired_count: 3\n")
    assert do("create", "feature-x").exit_code == 0
    assert stacks("ephemeral/feature-x", project)["connector"].stack_group_config["desired_count"] == 3


def test_a_second_create_leaves_everything_alone_and_says_so(do: Callable[..., Result], project: Path):
    do("create", "feature-x", "--owner", "first@example.com", "--days", "3")
    before = tree(project)
    result = do("create", "feature-x")
    assert result.exit_code == 0
    assert "was not changed: owner first@example.com" in result.stdout
    assert tree(project) == before


@pytest.mark.parametrize("option", [("--owner", "second@example.com"), ("--days", "30")])
def test_another_owner_or_expiry_is_refused_with_the_file_to_edit(
    do: Callable[..., Result], project: Path, option: tuple[str, str]
):
    do("create", "feature-x", "--owner", "first@example.com", "--days", "3")
    before = tree(project)
    assert_one_line(
        do("create", "feature-x", *option), "config/ephemeral/feature-x/config.yaml", "edit that file"
    )
    assert tree(project) == before


@pytest.mark.parametrize("missing", ["config.yaml", *COMPONENTS])
def test_a_half_made_directory_is_completed(do: Callable[..., Result], project: Path, missing: str):
    do("create", "feature-x", "--owner", "dev@example.com")
    before = tree(project)
    (project / "config" / "ephemeral" / "feature-x" / missing).unlink()
    result = do("create", "feature-x", "--owner", "dev@example.com")
    assert "was created (1 files)" in result.stdout
    assert tree(project) == before


def test_an_empty_config_yaml_is_half_made(do: Callable[..., Result], project: Path):
    """A run that was killed while it wrote leaves an empty file."""
    do("create", "feature-x", "--owner", "dev@example.com")
    before = tree(project)
    (project / "config" / "ephemeral" / "feature-x" / "config.yaml").write_text("")
    do("create", "feature-x", "--owner", "dev@example.com")
    assert tree(project) == before


def test_settings_that_somebody_wrote_are_kept(do: Callable[..., Result], project: Path):
    directory = project / "config" / "ephemeral" / "feature-x"
    directory.mkdir(parents=True)
    (directory / "config.yaml").write_text("desired_count: 2\n")
    assert do("create", "feature-x", "--owner", "dev@example.com").exit_code == 0
    found = yaml.safe_load((directory / "config.yaml").read_text())
    assert (found["desired_count"], found["owner"]) == (2, "dev@example.com")


def test_a_link_to_a_stack_that_default_no_longer_has_is_taken_away(do: Callable[..., Result], project: Path):
    """Dangling, it would break every sceptre command."""
    do("create", "feature-x")
    before = tree(project)
    (project / "config/ephemeral/feature-x/gone.yaml").symlink_to("../../default/gone.yaml")
    assert do("create", "feature-x").exit_code == 0
    assert tree(project) == before


@pytest.mark.parametrize(
    ("branch", "words"),
    [
        ("main", "named stage"),
        ("Main", "only in case"),
        ("default", "are reserved"),
        ("ephemeral", "are reserved"),
        ("..", "directories"),
        ("wms", "mistaken"),
        ("a/b", "letter a-z"),
        ("a b", "letter a-z"),
        ("a\n", "letter a-z"),
        ("", "letter a-z"),
        ("A" * 65, "letter a-z"),
    ],
)
@pytest.mark.parametrize("verb", ["create", "remove"])
def test_a_refused_stage_is_refused_and_nothing_is_made(
    do: Callable[..., Result], project: Path, verb: str, branch: str, words: str
):
    before = sorted((project / "config").rglob("*"))
    assert_one_line(do(verb, "--", branch), words)
    assert sorted((project / "config").rglob("*")) == before


@pytest.mark.parametrize("owner", ["", " x", "two\nlines", 'q"uote', "{{ x }}", "x" * 257])
def test_an_owner_that_cannot_be_a_tag_is_refused(do: Callable[..., Result], project: Path, owner: str):
    if not owner:  # an empty option counts as not given
        assert do("create", "feature-x", "--owner", owner).exit_code == 0
        return
    assert_one_line(do("create", "feature-x", "--owner", owner), "cannot be used as a tag")
    assert tree(project) == {}


def foreign_file(directory: Path) -> Path:
    (directory / "notes.txt").write_text("mine")
    return directory / "notes.txt"


def copied_stack_file(directory: Path) -> Path:
    (directory / "network.yaml").unlink()
    (directory / "network.yaml").write_text("template: {}")
    return directory / "network.yaml"


def link_elsewhere(directory: Path) -> Path:
    (directory / "network.yaml").unlink()
    (directory / "network.yaml").symlink_to("../../main/network.yaml")
    return directory / "network.yaml"


def linked_config(directory: Path) -> Path:
    (directory / "config.yaml").unlink()
    (directory / "config.yaml").symlink_to("../../main/config.yaml")
    return directory / "config.yaml"


def directory_inside(directory: Path) -> Path:
    (directory / "sub").mkdir()
    return directory / "sub"


@pytest.mark.parametrize(
    "spoil", [foreign_file, copied_stack_file, link_elsewhere, linked_config, directory_inside]
)
@pytest.mark.parametrize("verb", ["create", "remove"])
def test_what_was_not_made_here_is_left_alone_and_named(
    do: Callable[..., Result], project: Path, verb: str, spoil: Callable[[Path], Path]
):
    do("create", "feature-x")
    path = spoil(project / "config" / "ephemeral" / "feature-x")
    before = tree(project)
    assert_one_line(do(verb, "feature-x"), str(path.relative_to(project)), "by hand")
    assert tree(project) == before


@pytest.mark.parametrize("verb", ["create", "remove"])
def test_a_file_in_the_place_of_the_stages_is_named(do: Callable[..., Result], project: Path, verb: str):
    (project / "config" / "ephemeral").write_text("mine")
    assert_one_line(do(verb, "feature-x"), "config/ephemeral is not a directory; move it away")
    assert (project / "config" / "ephemeral").read_text() == "mine"


def test_a_place_of_the_stages_that_cannot_be_written_is_named(
    do: Callable[..., Result], project: Path, monkeypatch: pytest.MonkeyPatch
):
    """As in a checkout that belongs to somebody else; root may write everywhere."""

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    place = project / "config" / "ephemeral"
    assert_one_line(do("create", "feature-x"), f"cannot read or write {place}: Permission denied")


@pytest.mark.parametrize("verb", ["create", "remove"])
def test_a_link_in_the_directorys_place_is_not_followed(do: Callable[..., Result], project: Path, verb: str):
    do("create", "feature-x")
    (project / "config" / "ephemeral" / "other").symlink_to("feature-x")
    before = tree(project)
    assert_one_line(do(verb, "other"), "is a symbolic link, which is not followed")
    assert tree(project) == before


def test_a_twin_on_a_disk_that_ignores_case_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch):
    """Played by a lookup that ignores case, as macOS and Windows have it."""

    def ignoring_case(path: Path) -> bool:
        return any(found.name.lower() == path.name.lower() for found in path.parent.glob("*"))

    monkeypatch.setattr("os.path.lexists", ignoring_case)
    made = ephemeral_directory.Project(project)
    made.create(Stage.parse("Feature"), "dev", ON)
    before = tree(project)
    with pytest.raises(OperatorError, match="ephemeral/Feature differs from 'feature' only in case"):
        made.create(Stage.parse("feature"), "dev", ON)
    assert tree(project) == before


def test_remove_takes_the_directory_and_nothing_it_links_to(do: Callable[..., Result], project: Path):
    do("create", "feature-x")
    do("create", "feature-y")
    default = sorted((project / "config" / "default").iterdir())
    result = do("remove", "--yes", "feature-x")
    assert (result.exit_code, result.stdout) == (0, "config/ephemeral/feature-x is removed\n")
    assert not [name for name in tree(project) if name.startswith("feature-x")]
    assert [name for name in tree(project) if name.startswith("feature-y/")]
    assert sorted((project / "config" / "default").iterdir()) == default


def test_removing_what_is_not_there_is_no_mistake(do: Callable[..., Result]):
    result = do("remove", "--yes", "feature-x")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "does not exist" in result.stdout


def stack(name: str, stage: str, created: datetime, **tags: str) -> dict[str, Any]:
    own = {"project": "wms-connector", "ephemeral": "true", "stage": stage, **tags}
    return {
        "StackName": name,
        "StackStatus": tags.pop("status", "CREATE_COMPLETE"),
        "CreationTime": created,
        "Tags": [{"Key": key, "Value": value} for key, value in own.items()],
    }


def put(aws: FakeAws, *stacks: dict[str, Any]) -> None:
    """Let these stacks stand in the account."""
    aws.stacks = {described["StackName"]: described for described in stacks}


NOON = datetime(2030, 1, 15, 12, tzinfo=UTC)


def test_remove_is_refused_while_stacks_stand_and_says_how_to_delete_them(
    do: Callable[..., Result], project: Path, aws: FakeAws
):
    do("create", "feature-x")
    before = tree(project)
    put(aws, stack("wms-network-feature-x", "feature-x", NOON), stack("wms-network-other", "other", NOON))
    assert_one_line(
        do("remove", "--yes", "feature-x"),
        f"still has stacks in account {OWNER}, region us-east-1 (wms-network-feature-x)",
        "`sceptre delete ephemeral/feature-x` first",
    )
    assert tree(project) == before


def test_remove_warns_where_aws_cannot_be_asked(do: Callable[..., Result], project: Path, aws: FakeAws):
    do("create", "feature-x")
    aws.refusals["cloudformation", "describe_stacks"] = lambda _: NoCredentialsError()
    result = do("remove", "--yes", "feature-x")
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: could not check whether stage 'feature-x' has stacks")
    assert not (project / "config" / "ephemeral" / "feature-x").exists()


def test_list_shows_deployed_stages_by_their_tags_and_those_on_disk_only(
    run_json: Callable[..., Any],
    do: Callable[..., Result],
    project: Path,
    aws: FakeAws,
):
    do("create", "on-disk", "--owner", "disk@example.com")
    put(
        aws,
        stack("wms-network-a", "a", NOON, owner="a@example.com", expiry="2030-01-01"),
        stack("wms-alerts-a", "a", NOON - timedelta(hours=1), status="UPDATE_ROLLBACK_COMPLETE"),
        stack("wms-network-main", "main", NOON, ephemeral="false"),
        stack("theirs", "a", NOON, project="another"),
        stack("wms-functions-a", "a", NOON),
    )
    aws.functions["wms-connector-a-connect-admin"] = cluster([])
    found = run_json("ephemeral list", "--dir", str(project))
    assert [row["stage"] for row in found] == ["a", "on-disk"]
    deployed_one, on_disk = found
    assert deployed_one["owner"] == "a@example.com"
    assert deployed_one["created"] == "2030-01-15T11:00:00+00:00"
    assert deployed_one["expires"] == "2030-01-01"
    assert set(deployed_one["stacks"]) == {"wms-network-a", "wms-alerts-a", "wms-functions-a"}
    assert (on_disk["deployed"], on_disk["owner"]) == (False, "disk@example.com")
    table = do("list").stdout
    assert f"Ephemeral stages (2) in account {OWNER}, region us-east-1" in table
    assert "not deployed" in table
    assert "3 stacks, UPDATE_ROLLBACK_COMPLETE" in table


def test_age_and_expiry_are_reported_at_a_given_time():
    (made,) = deployed.stages([stack("wms-network-a", "a", NOON, expiry="2030-01-16")]).values()
    assert made.age(NOON + timedelta(hours=5)) == "5 h"
    assert made.age(NOON + timedelta(days=3, hours=5)) == "3 d"
    assert not made.expired(date(2030, 1, 16))
    assert made.expired(date(2030, 1, 17))


def test_list_says_in_one_line_that_aws_does_not_answer(
    do: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.undo()
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    result = do("list")
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "error: AWS cannot be reached: Unable to locate credentials; check this shell's"
    )
    assert result.stderr.count("\n") == 1


def test_the_owner_is_gits_user_or_the_machines(
    do: Callable[..., Result], project: Path, monkeypatch: pytest.MonkeyPatch
):
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    subprocess.run(["git", "-C", str(project), "config", "user.email", "git@example.com"], check=True)
    monkeypatch.chdir(project)
    assert "owner git@example.com" in do("create", "feature-x").stdout
    monkeypatch.setattr("shutil.which", lambda tool: None)
    monkeypatch.setenv("LOGNAME", "somebody")
    assert "owner somebody" in do("create", "feature-y").stdout


def test_nobody_to_own_it_is_one_line(do: Callable[..., Result], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shutil.which", lambda tool: None)

    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert_one_line(do("create", "feature-x"), "give --owner")


def test_outside_a_project_it_says_where_to_run(run: Run, tmp_path: Path):
    assert_one_line(run("ephemeral", "create", "x", "--dir", str(tmp_path)), "is not a checkout", "--dir")
