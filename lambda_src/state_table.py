"""The stage record in the state table."""

from typing import Any, Protocol

from connector.domain.record import RECORD_KEY, StageRecord
from lambda_src.aws import aws_errors


class Table(Protocol):
    """The part of boto3's DynamoDB table that is used here; its partition key is the text `id`."""

    def get_item(self, *, Key: dict[str, str], ConsistentRead: bool) -> Any: ...  # noqa: N803
    def put_item(self, *, Item: dict[str, Any]) -> Any: ...  # noqa: N803


def read_record(table: Table) -> StageRecord | None:
    """The record, or None when the stage has never been registered."""
    with aws_errors("reading the stage record"):
        item = table.get_item(Key={"id": RECORD_KEY}, ConsistentRead=True).get("Item")
    return None if item is None else StageRecord.from_item(item)


def write_record(table: Table, record: StageRecord) -> None:
    """Replace the record."""
    with aws_errors("writing the stage record"):
        table.put_item(Item=record.to_item())
