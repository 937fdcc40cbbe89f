"""Tear an ephemeral stage down from any checkout, even one that lacks the stage's directory."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from connector.aws import calls
from connector.domain.errors import ServerError
from connector.domain.stage.stage import SCEPTRE_FILE
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
    made = not (project.group / name).is_dir() or project.written(name).get("owner") == _OWNER
    # One that is there is completed: a link to a stack file may be missing.
    project.create(stage.stage, _OWNER, today)
    status = (run or _sceptre)(project.root, f"{ephemeral_directory.GROUP}/{name}")
    if status != 0:
        raise ServerError(
            f"`sceptre delete {ephemeral_directory.GROUP}/{name}` failed with status {status}, see above; "
            f"fix the cause, then run `wms-connector ephemeral destroy {name}` again"
        )
    left = deployed.left_of(port, stage.stage)
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
    with narrowed(root, group) as project:
        return subprocess.run(
            [program, "delete", "--yes", group], cwd=project, env=environment, check=False
        ).returncode


@contextmanager
def narrowed(root: Path, group: str) -> Iterator[Path]:
    """The project as links, of whose stages it has this one: a copy that is gone afterwards.

    `sceptre delete` reads every stack file below `config/`, for stacks that depend on the ones it deletes.
    No stage depends on another, and the files of 200 branches took it most of a minute.
    """
    config = root / "config"
    with TemporaryDirectory() as made:
        copy = Path(made)
        settings = (config / SCEPTRE_FILE, config / ephemeral_directory.GROUP / SCEPTRE_FILE)
        for path in (*root.iterdir(), *settings, *(config / group).iterdir()):
            if path != config:
                place = copy / path.relative_to(root)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(path.resolve())
        yield copy
