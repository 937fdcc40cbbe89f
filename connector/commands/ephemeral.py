"""`wms-connector ephemeral`: a branch's own stage, its directory made, listed and removed."""

import getpass
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from connector.aws import account, calls
from connector.commands.output import json_option, print_json, print_table, several
from connector.domain.errors import OperatorError, ServerError, WmsError, one_line
from connector.domain.stage.stage import Stage, refusal
from connector.domain.stage.teardown import EphemeralStage
from connector.operations import cluster_view, deployed
from connector.operations import ephemeral_directory as stages
from connector.operations import ephemeral_teardown as destroying

_ROOT = Path(__file__).resolve().parents[2]
_DAYS = 14

_dir = click.option(
    "--dir",
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The project, as for sceptre. Default: the current directory if it is one, else this checkout.",
)


@click.group()
def ephemeral() -> None:
    """Stages of branches: each a whole environment of its own, to be deleted."""


@ephemeral.command()
@click.argument("branch")
@click.option("--owner", help="The owner. Default: git's user.email, else the user's name here.")
@click.option(
    "--days",
    type=click.IntRange(1, 365),
    help=f"Days until it expires, from today. Default: {_DAYS}. Nothing is deleted by itself.",
)
@_dir
@json_option
def create(
    branch: str, owner: str | None, days: int | None, directory: Path | None, *, as_json: bool
) -> None:
    """Make config/ephemeral/BRANCH, which `sceptre launch ephemeral/BRANCH` needs.

    The directory says owner and expiry and links to the stack files in config/default. One that exists is
    not touched, a half-made one is completed. Owner and expiry are written once: asking for others later is
    refused (exit status 2) and names the file to edit.
    """
    stage = Stage.parse(branch)
    project = stages.Project.find(directory, _ROOT)
    expires = _today() + timedelta(days=days or _DAYS)
    old = project.written(stage.name)
    for option, asked in (("owner", owner), ("expires", expires.isoformat() if days else None)):
        if stage.ephemeral and asked is not None and old.get(option, asked) != asked:
            raise OperatorError(
                f"config/{stages.GROUP}/{stage.name}/config.yaml says {option} {old[option]!r} already, and "
                f"that is written once; to have {asked!r}, edit that file and launch again"
            )
    made = project.create(stage, owner or old.get("owner") or _somebody(), expires)
    if as_json:
        print_json(
            {"stage": made.stage, "owner": made.owner, "expires": made.expires, "made": list(made.made)}
        )
        return
    place = f"config/{stages.GROUP}/{stage.name}"
    done = f"made {len(made.made)} files" if made.made else "exists already and was not changed"
    click.echo(f"{place} {done}: owner {made.owner}, expires {made.expires}")
    click.echo(f"next: sceptre launch {stages.GROUP}/{stage.name}")


@ephemeral.command()
@click.argument("branch")
@_dir
@json_option
def remove(branch: str, directory: Path | None, *, as_json: bool) -> None:
    """Remove config/ephemeral/BRANCH, as `create` made it. Deletes nothing in AWS.

    Refused while stacks of the stage stand (`sceptre delete ephemeral/BRANCH` first: it needs the
    directory), for named stages, and for a directory that holds anything else. A directory that is not
    there is no mistake.
    """
    stage = Stage.parse(branch)
    project = stages.Project.find(directory, _ROOT)
    if stage.ephemeral:
        _refuse_standing(stage)
    removed = project.remove(stage)
    if as_json:
        print_json({"stage": stage.name, "removed": removed})
        return
    place = f"config/{stages.GROUP}/{stage.name}"
    click.echo(f"{place} is removed" if removed else f"{place} does not exist: nothing to remove")


@ephemeral.command()
@click.argument("branch")
@click.option("--dry-run", is_flag=True, help="Only say whether there is anything to do; asks no AWS.")
@_dir
def destroy(branch: str, directory: Path | None, *, dry_run: bool) -> None:
    """Tear the stage of BRANCH down: `sceptre delete`, from a checkout that need not have its directory.

    For pipelines, which call it for every branch that is deleted. A named stage is refused (exit status 2). A
    name that no stage can have (Main, feature/x) never had a stage: "nothing to destroy" is printed, and the
    exit status is 0, also when it was mistyped. Whatever else goes wrong is a failure.
    """
    if not branch.strip():
        raise OperatorError("the branch is empty; give its name")
    reason = refusal(branch)
    if reason is not None:
        click.echo(f"nothing to destroy: {one_line(branch)!r} is no stage ({reason})")
        return
    stage = EphemeralStage(Stage.parse(branch))
    if dry_run:
        click.echo(f"would destroy stage {branch}")
        return
    destroying.tear_down(stages.Project.find(directory, _ROOT), account.Account(), stage, _today())
    click.echo(f"stage {branch} is gone")


@ephemeral.command()
@click.option("--expired", is_flag=True, required=True, help="Stages that have expired.")
@click.option("--yes", is_flag=True, help="Tear them down. Without it they are only shown.")
@_dir
def sweep(*, expired: bool, yes: bool, directory: Path | None) -> None:  # noqa: ARG001 - the only choice yet
    """Show deployed ephemeral stages that have expired; with --yes tear each of them down.

    A stage without a known expiry is not expired. One that fails does not keep the others from going; the
    exit status is then 1.
    """
    project = stages.Project.find(directory, _ROOT)
    port = account.Account()
    found = deployed.stages(deployed.all_stacks(port))
    over = [row for name, row in sorted(found.items()) if refusal(name) is None and row.expired(_today())]
    if not over:
        click.echo("no deployed ephemeral stage has expired")
        return
    for row in over:
        verb = "destroying" if yes else "would destroy"
        click.echo(f"{verb} {row.stage}: owner {row.owner or 'unknown'}, expired {row.expires}")
        for stack, state in row.stacks.items():
            click.echo(f"  {stack} ({state})")
        if not yes:
            for topic in Stage.parse(row.stage).topics:
                click.echo(f"  topic {topic}, if it exists")
    if not yes:
        click.echo("nothing was touched; with --yes these stages are torn down")
        return
    failed = [row.stage for row in over if not _swept(project, port, row.stage)]
    if failed:
        raise ServerError(f"{len(failed)} of {len(over)} stages are not gone: {', '.join(failed)}")


def _swept(project: stages.Project, port: calls.Port, name: str) -> bool:
    try:
        destroying.tear_down(project, port, EphemeralStage(Stage.parse(name)), _today())
    except WmsError as error:
        click.echo(f"error: {error}", err=True)
        return False
    click.echo(f"stage {name} is gone")
    return True


@ephemeral.command("list")
@_dir
@json_option
def list_stages(directory: Path | None, *, as_json: bool) -> None:
    """List ephemeral stages: those deployed here, by the tags on their stacks, and those on disk only.

    Topics that are a stage's own although no stack of it stands are listed too, as far as the clusters of
    the deployed stages can be read.
    """
    project = stages.Project.find(directory, _ROOT)
    port = account.Account()
    stacks = deployed.all_stacks(port)
    found = deployed.stages(stacks)
    orphans, errors = cluster_view.orphan_topics(port, stacks)
    for line in errors:
        click.echo(f"warning: {line}", err=True)
    for name in project.stages():
        written = project.written(name)
        on_disk = deployed.DeployedStage(name, written.get("owner", ""), written.get("expires", ""), None, {})
        found.setdefault(name, on_disk)
    for name in orphans:
        found.setdefault(name, deployed.DeployedStage(name, "", "", None, {}))
    now = datetime.now(tz=UTC)
    rows = [found[name] for name in sorted(found)]
    if as_json:
        print_json([{**row.to_json(now), "orphan_topics": [*orphans.get(row.stage, ())]} for row in rows])
        return
    print_table(
        f"Ephemeral stages ({len(rows)})",
        [(row.stage, _state(row), row.owner, row.age(now), _expiry(row, now)) for row in rows],
        headers=("stage", "state", "owner", "age", "expires"),
    )
    if orphans:
        print_table(
            "Topics of stages that have no stack; they go with "
            "`sceptre launch ephemeral/STAGE/functions.yaml`, then `sceptre delete ephemeral/STAGE`",
            several(orphans),
            headers=("stage", "topic"),
        )


def _state(row: deployed.DeployedStage) -> str:
    if not row.stacks:
        return "not deployed"
    troubled = [status for status in row.stacks.values() if status not in _WELL]
    return f"{len(row.stacks)} stacks" + (f", {', '.join(sorted(set(troubled)))}" if troubled else "")


_WELL = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def _expiry(row: deployed.DeployedStage, now: datetime) -> str:
    return f"{row.expires} (over)" if row.expired(now.date()) else row.expires


def _today() -> date:
    return datetime.now(tz=UTC).date()


def _refuse_standing(stage: Stage) -> None:
    try:
        stacks = deployed.standing(stage, deployed.all_stacks(account.Account()))
    except ServerError as error:
        click.echo(
            f"warning: whether stacks of {stage.name!r} stand is not known ({error}); if they do, make the "
            f"directory again and run `sceptre delete {stages.GROUP}/{stage.name}`",
            err=True,
        )
        return
    if stacks:
        raise OperatorError(
            f"stacks of stage {stage.name!r} stand ({', '.join(stacks)}); run "
            f"`sceptre delete {stages.GROUP}/{stage.name}` first, which needs this directory"
        )


def _somebody() -> str:
    """Who asks: git's user.email, else the user's name on this machine."""
    git = shutil.which("git")
    if git is not None:
        done = subprocess.run(
            [git, "config", "user.email"], capture_output=True, text=True, timeout=10, check=False
        )
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip()
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise OperatorError("nobody is known as the owner: give --owner, or set git's user.email") from None
