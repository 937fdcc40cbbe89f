"""Tear an ephemeral stage down from any checkout, even one that lacks the stage's directory."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from connector.aws import calls
from connector.domain.errors import ServerError
from connector.domain.stage.teardown import EphemeralStage
from connector.operations import deployed, ephemeral_directory, stack_owner

Run = Callable[[Path, str], int]

#: The owner of a directory that exists only so that its stage can be torn down.
_OWNER = "destroy"


def tear_down(
    project: ephemeral_directory.Project,
    port: calls.Port,
    stage: EphemeralStage,
    today: date,
    *,
    run: Run | None = None,
) -> None:
    """Run `sceptre delete ephemeral/<stage>`, in a directory that is made for it if there is none.

    Raises `OperatorError` when a stack of the stage's names is not ours, `ServerError` when Sceptre fails or
    stacks are left; the directory then stays, so that the command which Sceptre names can be run.
    """
    name = stage.stage.name
    stack_owner.refuse_foreign(port, stage.stage)
    # One that an earlier run made and left, because it failed, is nobody's either.
    made = name not in project.stages() or project.written(name).get("owner") == _OWNER
    # One that is there is completed: a link to a stack file may be missing.
    project.create(stage.stage, _OWNER, today)
    status = (run or _sceptre)(project.root, f"{ephemeral_directory.GROUP}/{name}")
    if status != 0:
        raise ServerError(
            f"`sceptre delete {ephemeral_directory.GROUP}/{name}` failed with status {status}, see above; "
            f"fix the cause, then run `wms-connector ephemeral destroy {name}` again"
        )
    left = deployed.standing(stage.stage, deployed.all_stacks(port))
    if left:
        raise ServerError(f"stacks of stage {name!r} still exist ({', '.join(left)}); run the command again")
    if made:
        project.remove(stage.stage)


def forget_directory(project: ephemeral_directory.Project, stage: EphemeralStage) -> None:
    """Remove the directory that an earlier run made and left, of a stage that has no stack any more."""
    if project.written(stage.stage.name).get("owner") == _OWNER:
        project.remove(stage.stage)


def _sceptre(root: Path, group: str) -> int:
    """The stock Sceptre of this installation, its output passed through."""
    program = str(Path(sys.executable).with_name("sceptre"))
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.run(
        [program, "delete", "--yes", group], cwd=root, env=environment, check=False
    ).returncode
