"""`wms-connector topics`: show which topics a teardown would delete. Nothing here deletes anything."""

from collections.abc import Iterable
from typing import IO

import click

from connector.aws import account
from connector.aws.admin_function import NoFunction
from connector.aws.place import place
from connector.commands.output import json_option, print_json, print_table, read_text
from connector.domain.errors import OperatorError, ServerError
from connector.domain.stage.stage import Stage
from connector.domain.stage.teardown import EphemeralStage, plan_topics
from connector.operations import cluster_view


@click.group()
def topics() -> None:
    """Show which topics a teardown would delete."""


@topics.command()
@click.argument("stage_name", metavar="STAGE")
@click.option("--topics-file", type=click.File("rb"), help="A file with one topic per line; - reads stdin.")
@json_option
def plan(stage_name: str, topics_file: IO[bytes] | None, *, as_json: bool) -> None:
    """Show which topics a teardown of STAGE would delete, and why the others stay.

    Without --topics-file, the stage's admin Lambda lists the topics of its cluster. Nothing is deleted.
    Exit status 2 for a named stage and for a stage that is not allowed.
    """
    stage = EphemeralStage(Stage.parse(stage_name))
    if topics_file is None:
        found = plan_topics(stage, _on_cluster(stage.stage))
    else:
        lines = read_text(topics_file, "--topics-file").splitlines()
        found = plan_topics(stage, [line.strip() for line in lines if line.strip()])
    if as_json:
        print_json({"delete": list(found.delete), "keep": list(found.keep), "reasons": dict(found.keep)})
        return
    print_table(f"Would delete ({len(found.delete)})", [(name,) for name in found.delete])
    print_table(f"Would keep ({len(found.keep)})", found.keep.items(), headers=("topic", "because it"))


def _on_cluster(stage: Stage) -> Iterable[str]:
    port = account.Account()
    try:
        return cluster_view.topics(port, stage)
    except NoFunction as error:
        raise OperatorError(
            f"{error} in {place(port)}, so the topics of stage {stage.name!r} cannot be listed; launch the "
            "stage, or give --topics-file FILE"
        ) from None
    except ServerError as error:
        raise ServerError(
            f"the topics of the cluster in the secret brokerString of stage {stage.name!r} cannot be listed: "
            f"{error}; fix that and run this again, or give --topics-file FILE"
        ) from None
