"""Where the functions' zips lie in the artifact bucket."""

from connector.domain.stage.stage import Stage

#: Where the zips of all ephemeral stages lie; named stages have a folder each.
EPHEMERAL_ZIPS = "ephemeral"


def zip_folder(stage: Stage) -> str:
    """The folder of a stage's Lambda zips in the artifact bucket.

    A zip is named by its content, and nobody looks into one that is there: whoever may write into a folder
    decides what a later launch runs. Hence a folder for each named stage, and one for the ephemeral ones.
    """
    return EPHEMERAL_ZIPS if stage.ephemeral else stage.name
