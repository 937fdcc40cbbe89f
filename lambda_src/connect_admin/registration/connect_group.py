"""CONNECT_GROUP: the Connect group that a stage's workers run under. Changes nothing.

Workers under another group would find neither the connector nor its offsets: a deployed stage keeps the group
that it was launched with, even if an earlier release named it differently.
"""

from connector.domain.admin_api import Answer, State
from connector.domain.stage.record import StageRecord
from connector.domain.stage.topics import Catalogue
from lambda_src.clients.state_table import read_record
from lambda_src.session import Session


def connect_group(session: Session) -> Answer:
    """The group of the stage record; without one, that whose topics are on the cluster; else the new name."""
    catalogue = session.stage.topics
    group = recorded(read_record(session.aws.table(session.environment.table)), catalogue)
    if not group:
        with session.kafka() as kafka:
            group = on_cluster(kafka.topic_names(), catalogue)
    return Answer(State.DONE, f"the workers' Connect group is {group}", details={"group": group})


def recorded(record: StageRecord | None, catalogue: Catalogue) -> str:
    """The group that the record shows; empty when the stage was never registered."""
    if record is None or not record.cluster_id:
        return ""
    # A record without a group was written by a release that knew only one name.
    group = record.connect_group or catalogue.previous_group or catalogue.connect_group
    return group if group in catalogue.connect_groups else catalogue.connect_group


def on_cluster(topics: frozenset[str], catalogue: Catalogue) -> str:
    """The group whose topics are on the cluster; the current name where both are, or none."""
    present, previous = (
        f"{group}.config" in topics for group in (catalogue.connect_group, catalogue.previous_group)
    )
    return catalogue.previous_group if previous and not present else catalogue.connect_group
