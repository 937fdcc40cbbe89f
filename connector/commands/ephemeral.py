"""`wms-connector ephemeral`: create, list and tear down a branch's own stage and its directory."""

import getpass
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from connector.aws import account, calls
from connector.aws.place import place
from connector.commands.output import json_option, print_json, print_table, several
from connector.domain.errors import OperatorError, ServerError, WmsError, one_line
from connector.domain.stage import stack_states
from connector.domain.stage.likeness import did_you_mean
from connector.domain.stage.stack_states import StackStep
from connector.domain.stage.stage import NAMED_STAGES, Stage, refusal
from connector.domain.stage.teardown import EphemeralStage
from connector.operations import cluster_view, deployed, stack_owner
from connector.operations import ephemeral_directory as stages
from connector.operations import ephemeral_teardown as destroying
from connector.operations.confirmation import confirm, yes_option

_ROOT = Path(__file__).resolve().parents[2]
_DAYS = 14

_dir = click.option(
    "--dir",
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The directory that holds config/. Default: the current one if it does, else this checkout.",
)


@click.group()
def ephemeral() -> None:
    """Create, list and tear down ephemeral stages.

    An ephemeral stage is a complete environment of its own, usually for one branch.
    """


@ephemeral.command()
@click.argument("branch")
@click.option("--owner", help="The owner. Default: git's user.email, else your user name.")
@click.option(
    "--days",
    type=click.IntRange(1, 365),
    help=f"Days until it expires, from today. Default: {_DAYS}. Expired stages stay until deleted.",
)
@_dir
@json_option
def create(
    branch: str, owner: str | None, days: int | None, directory: Path | None, *, as_json: bool
) -> None:
    """Create config/ephemeral/BRANCH, which `sceptre launch ephemeral/BRANCH` needs.

    The directory holds the owner, the expiry and links to the stack files in config/default. A complete
    directory is not changed; an incomplete one is completed. Owner and expiry are written only once: a
    second call with other values fails (exit status 2) and names the file to edit.
    """
    stage = Stage.parse(branch)
    project = stages.Project.find(directory, _ROOT)
    expires = _today() + timedelta(days=days or _DAYS)
    old = project.written(stage.name)
    for option, asked in (("owner", owner), ("expires", expires.isoformat() if days else None)):
        if stage.ephemeral and asked is not None and old.get(option, asked) != asked:
            raise OperatorError(
                f"config/{stages.GROUP}/{stage.name}/config.yaml has {option} {old[option]!r} already, and "
                f"`create` writes it only once. To set {asked!r}, edit that file and launch again"
            )
    made = project.create(stage, owner or old.get("owner") or _somebody(), expires)
    if as_json:
        print_json(
            {"stage": made.stage, "owner": made.owner, "expires": made.expires, "made": list(made.made)}
        )
        return
    place = f"config/{stages.GROUP}/{stage.name}"
    done = f"was created ({len(made.made)} files)" if made.made else "exists already and was not changed"
    click.echo(f"{place} {done}: owner {made.owner}, expires {made.expires}")
    click.echo(f"next: sceptre launch {stages.GROUP}/{stage.name}")


@ephemeral.command()
@click.argument("branch")
@_dir
@yes_option
@json_option
def remove(branch: str, directory: Path | None, *, yes: bool, as_json: bool) -> None:
    """Remove the directory config/ephemeral/BRANCH, after a question. Deletes nothing in AWS.

    Refused while the stage has stacks: run `sceptre delete ephemeral/BRANCH` first, which needs the
    directory. Refused also for a named stage, and for a directory that holds files which `create` did not
    make. If the directory does not exist, nothing happens and the exit status is 0.
    """
    stage = Stage.parse(branch)
    project = stages.Project.find(directory, _ROOT)
    if stage.ephemeral:
        _refuse_standing(stage)
    if project.removable(stage):
        owner = project.written(stage.name).get("owner", "unknown")
        confirm(f"Remove config/{stages.GROUP}/{stage.name} (owner {owner})?", yes=yes)
    removed = project.remove(stage)
    if as_json:
        print_json({"stage": stage.name, "removed": removed})
        return
    place = f"config/{stages.GROUP}/{stage.name}"
    click.echo(f"{place} is removed" if removed else f"{place} does not exist: nothing to remove")


@ephemeral.command()
@click.argument("branch")
@click.option("--dry-run", is_flag=True, help="Only print what would be done; does not contact AWS.")
@yes_option
@_dir
def destroy(branch: str, directory: Path | None, *, dry_run: bool, yes: bool) -> None:
    """Tear down the stage of BRANCH with `sceptre delete`, after a question that names owner and age.

    The checkout need not have its directory. Without a stack of that name nothing is asked or done; the
    command says so and exits with status 0.

    Pipelines call this, with --yes, for every deleted branch. A named stage is refused (exit status 2). A
    name that no stage can have (Main, feature/x) never had a stage, so the command prints "nothing to
    destroy" and exits with status 0, even if the name was mistyped. Exit status 1 for every other failure.
    """
    if not branch.strip():
        raise OperatorError("the branch is empty; give its name")
    reason = refusal(branch)
    if reason is not None:
        known = {*NAMED_STAGES, *stages.Project.find(directory, _ROOT).stages()}
        none = f"nothing to destroy: {one_line(branch)!r} is not a stage ({reason})"
        click.echo(_with_guess(none, branch, known))
        return
    stage = EphemeralStage(Stage.parse(branch))
    if dry_run:
        click.echo(f"would destroy stage {branch}")
        return
    project, port = stages.Project.find(directory, _ROOT), account.Account()
    stacks = deployed.all_stacks(port)
    stack_owner.refuse_foreign(port, stage.stage)
    if not deployed.standing(stage.stage, stacks):
        destroying.forget_directory(project, stage)
        known = {*NAMED_STAGES, *project.stages(), *deployed.stages(stacks)}
        none = f"there was nothing to destroy: stage {branch!r} has no stack in {place(port)}"
        click.echo(_with_guess(none, branch, known))
        return
    click.echo(_described(stage.stage, stacks), err=True)
    confirm(f"Delete stage {branch}, its topics and all records on them?", yes=yes)
    destroying.tear_down(project, port, stage, _today())
    click.echo(f"stage {branch} is deleted")


def _with_guess(line: str, name: str, known: set[str]) -> str:
    """The line, and which stage somebody may have meant who mistyped its name."""
    meant = did_you_mean(name, known)
    return f"{line}. {meant}" if meant else line


def _described(stage: Stage, stacks: list[Mapping[str, Any]]) -> str:
    """Whose a deployed stage is, how old, and what stands of it."""
    names = deployed.standing(stage, stacks)
    row = deployed.stages(s for s in stacks if s["StackName"] in names).get(stage.name)
    row = row or deployed.DeployedStage(stage.name, "", "", None, {})
    age, expires = row.age(datetime.now(tz=UTC)) or "unknown", row.expires or "never"
    return (
        f"stage {stage.name}: owner {row.owner or 'unknown'}, age {age}, expires {expires}, "
        f"{len(names)} stacks: {', '.join(names)}"
    )


@ephemeral.command()
@click.option("--expired", is_flag=True, required=True, help="Select the stages that have expired.")
@click.option("--dry-run", is_flag=True, help="Only list them.")
@yes_option
@_dir
def sweep(
    *,
    expired: bool,  # noqa: ARG001 - the only choice yet
    dry_run: bool,
    yes: bool,
    directory: Path | None,
) -> None:
    """List deployed ephemeral stages that have expired, ask, and tear each of them down.

    A stage without an expiry date does not expire. If one teardown fails, the others still run; the exit
    status is then 1.
    """
    project = stages.Project.find(directory, _ROOT)
    port = account.Account()
    found = deployed.stages(deployed.all_stacks(port))
    over = [row for name, row in sorted(found.items()) if refusal(name) is None and row.expired(_today())]
    if not over:
        click.echo(f"no deployed ephemeral stage has expired in {place(port)}")
        return
    for row in over:
        verb = "destroying" if yes and not dry_run else "would destroy"
        click.echo(f"{verb} {row.stage}: owner {row.owner or 'unknown'}, expired {row.expires}")
        for stack, state in row.stacks.items():
            click.echo(f"  {stack} ({state})")
        if dry_run or not yes:
            for topic in Stage.parse(row.stage).topics:
                click.echo(f"  topic {topic}, if it exists")
    if dry_run:
        click.echo("nothing was changed")
        return
    confirm(f"Delete these {len(over)} stages, their topics and all records on them?", yes=yes)
    failed = [row.stage for row in over if not _swept(project, port, row.stage)]
    if failed:
        raise ServerError(f"{len(failed)} of {len(over)} stages were not deleted: {', '.join(failed)}")


def _swept(project: stages.Project, port: calls.Port, name: str) -> bool:
    try:
        destroying.tear_down(project, port, EphemeralStage(Stage.parse(name)), _today())
    except WmsError as error:
        click.echo(f"error: {error}", err=True)
        return False
    click.echo(f"stage {name} is deleted")
    return True


@ephemeral.command("list")
@_dir
@json_option
def list_stages(directory: Path | None, *, as_json: bool) -> None:
    """List ephemeral stages: those deployed in this account and region, and those on disk only.

    Deployed stages are found by the tags on their stacks. Topics of a stage that has no stack are listed
    too, from the clusters of the deployed stages.
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
        f"Ephemeral stages ({len(rows)}) in {place(port)}",
        [(row.stage, _state(row), row.owner, row.age(now), _expiry(row, now)) for row in rows],
        headers=("stage", "state", "owner", "age", "expires"),
    )
    if orphans:
        print_table(
            "Topics of stages that have no stack; to delete them, run "
            "`sceptre launch ephemeral/STAGE/functions.yaml`, then `sceptre delete ephemeral/STAGE`",
            several(orphans),
            headers=("stage", "topic"),
        )


def _state(row: deployed.DeployedStage) -> str:
    if not row.stacks:
        return "not deployed"
    troubled = [s for s in row.stacks.values() if stack_states.step_for(s) is not StackStep.NOTHING]
    return f"{len(row.stacks)} stacks" + (f", {', '.join(sorted(set(troubled)))}" if troubled else "")


def _expiry(row: deployed.DeployedStage, now: datetime) -> str:
    return f"{row.expires} (expired)" if row.expired(now.date()) else row.expires


def _today() -> date:
    return datetime.now(tz=UTC).date()


def _refuse_standing(stage: Stage) -> None:
    port = account.Account()
    try:
        stacks = deployed.standing(stage, deployed.all_stacks(port))
    except ServerError as error:
        click.echo(
            f"warning: could not check whether stage {stage.name!r} has stacks ({error}); if it has, create "
            f"the directory again and run `sceptre delete {stages.GROUP}/{stage.name}`",
            err=True,
        )
        return
    if stacks:
        raise OperatorError(
            f"stage {stage.name!r} still has stacks in {place(port)} ({', '.join(stacks)}); run "
            f"`sceptre delete {stages.GROUP}/{stage.name}` first, which needs this directory"
        )


def _somebody() -> str:
    """The default owner: git's user.email, else the user's name on this machine."""
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
        raise OperatorError("the owner is not known: give --owner, or set git's user.email") from None
