"""`wms-connector rebuild`: bring a stage back that has lost its cluster, topics, history or state table."""

import click

from connector.commands.output import json_option, print_json, to_stderr
from connector.domain.errors import OperatorError, ServerError
from connector.domain.stage.backup import check_id, prefix
from connector.domain.stage.stage import Stage
from connector.operations import rebuilding
from connector.operations.confirmation import confirm, yes_option

#: What --json has of what was found.
_SHOWN = ("losses", "means", "backup", "told", "refusal", "doubt")


@click.command()
@click.argument("stage_name", metavar="STAGE")
@click.option("--check", is_flag=True, help="Only say what is lost and what would be done.")
@click.option("--backup", "identifier", default="", metavar="ID", help="The backup to go back to.")
@click.option("--from-snapshot", is_flag=True, help="Use no backup: begin with the initial snapshot.")
@click.option("--position-checked", is_flag=True, help="The DBA has confirmed that the redo log is there.")
@yes_option
@json_option
def rebuild(
    stage_name: str,
    *,
    check: bool,
    identifier: str,
    from_snapshot: bool,
    position_checked: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Rebuild STAGE after its cluster, Connect's topics, the schema history or the state table was lost.

    It looks what is lost, says what that costs and how it is rebuilt, and asks. Then it ends the workers if
    Connect's topics are gone, writes back what the newest backup holds, or begins with the initial snapshot,
    and registers the connector as a launch does. It deletes no topic. It can be run again after an
    interruption. Exit status 0 only if the connector then does what its config says, or if nothing is lost.
    """
    stage = Stage.parse(stage_name)
    prefix(stage)
    if identifier and from_snapshot:
        raise OperatorError("--from-snapshot uses no backup, so --backup means nothing with it: give one")
    found = rebuilding.look(
        stage, backup=check_id(identifier) if identifier else "", from_snapshot=from_snapshot
    )
    for line in found["told"]:
        to_stderr(line)
    if check or not found["losses"]:
        for reason in filter(None, (found["refusal"], found["doubt"])):
            to_stderr(f"the backup is not written back without more: {reason}")
        _print(found, as_json=as_json, done=False)
        return
    if found["refusal"]:
        raise ServerError(
            f"rebuild {stage.name}: {found['refusal']}; nothing was changed: choose an older or newer backup "
            "with --backup, or begin anew with --from-snapshot"
        )
    if found["doubt"] and not position_checked:
        raise OperatorError(
            f"{found['doubt']}; nothing was changed: if it has, add --position-checked, else --from-snapshot"
        )
    confirm("Continue?", yes=yes)
    rebuilding.rebuild(stage, found, position_checked=position_checked, show=to_stderr)
    _print(found, as_json=as_json, done=True)


def _print(found: rebuilding.Found, *, as_json: bool, done: bool) -> None:
    if as_json:
        print_json({"rebuilt": done, **{key: found[key] for key in _SHOWN}})
        return
    lost = ", ".join(found["losses"]) or "nothing that is seen here; `wms-connector verify` has the rest"
    click.echo(f"lost: {lost}; {'the stage is registered again' if done else 'nothing was changed'}")
