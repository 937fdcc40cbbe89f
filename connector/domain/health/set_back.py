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
    """The database's SCN and the position that is ahead of it; None if that is not seen.

    The position was read before the SCN was asked for (`lambda_src.observe`), so it cannot be ahead of a
    database that was not set back. A database that has passed the position again since the last check is
    known by its SCN, which is smaller than the one seen then.
    """
    newest = max((scn for _, scn in sightings), default=None)
    if newest is None or position is None or position.begins_again:
        return None
    if position.scn is not None and newest < position.scn:
        return newest, position.scn
    back = memory.went_back(sightings)
    if back is not None and memory.position is not None and newest < memory.position[1]:
        return newest, memory.position[1]
    return None
