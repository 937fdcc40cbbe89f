"""Whether the database is behind what the connector has read: it was restored, or flashed back. Pure.

After `FLASHBACK DATABASE` or an incomplete recovery the SCN goes on from the older one. The connector runs,
is connected and reads nothing until the database has passed its position again (seen with Debezium
3.6.1.Final). Changes until then never reach a topic, and the topics hold changes that the database has lost.
"""

from collections.abc import Sequence

from connector.domain.health.scn import Position, ScnMemory


def scn_behind(
    position: Position | None, memory: ScnMemory, sightings: Sequence[tuple[float, int]]
) -> tuple[int, int] | None:
    """The database's SCN, and up to which the connector had read; None if the one is not behind the other.

    The position was read before the SCN was asked for (`lambda_src.observe`), so it cannot be ahead of a
    database that was not set back. An open transaction keeps the position back while later changes are read:
    then, or once the database has passed the position again, its SCN is smaller than at the check before.
    """
    newest = max((scn for _, scn in sightings), default=None)
    if newest is None or position is None or position.begins_again:
        return None
    if position.scn is not None and newest < position.scn:
        return newest, position.scn
    back = memory.went_back(sightings)
    return None if back is None else (newest, back[0])
