"""The error for a stage that is not deployed: where it was looked for, which one was meant, what to do."""

from connector.aws import calls
from connector.aws.place import place
from connector.domain.errors import ServerError
from connector.domain.health.check_result import launch
from connector.domain.stage.likeness import did_you_mean
from connector.domain.stage.stage import NAMED_STAGES, Stage
from connector.operations import deployed


def not_deployed(port: calls.Port, stage: Stage, lacks: str = "stacks") -> ServerError:
    """What to raise about a stage that has no stack, or lacks its function (`lacks`)."""
    where = place(port)
    meant = did_you_mean(stage.name, {*NAMED_STAGES, *_standing(port)})
    if meant:
        step = f"{meant} If you did not, and account and region are right"
    else:
        step = "If account and region are right"
    make = f"`wms-connector ephemeral create {stage.name}`, then " if stage.ephemeral else ""
    return ServerError(
        f"stage {stage.name!r} is not deployed in {where}: it has no {lacks}. {step}, deploy it with "
        f"{make}`{launch(stage)}`"
    )


def _standing(port: calls.Port) -> set[str]:
    """The stages that have stacks; none for who may not list stacks."""
    try:
        return {stage.name for stage in deployed.known(deployed.all_stacks(port))}
    except ServerError:
        return set()
