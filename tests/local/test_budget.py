"""The restart budget on the embedded DynamoDB, with threads that are really at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import boto3
import pytest

from connector.domain.health.budget import LIMIT, WINDOW_SECONDS
from connector.local.aws import REGION
from lambda_src.clients.state_table import claim_restart, read_budget
from tests.local.conftest import Embedded

pytestmark = pytest.mark.e2e

THREADS = 50


@pytest.fixture(scope="module")
def table(embedded: Embedded) -> Any:
    """The state table as its template makes it."""
    embedded.client("dynamodb").create_table(
        TableName="budget",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    resource = boto3.resource(
        "dynamodb",
        endpoint_url=embedded.endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return resource.Table("budget")


def test_fifty_runs_at_once_never_restart_more_than_three_times_an_hour(table: Any):
    """Three hours of a connector that nothing helps, seen by fifty runs at once every ten minutes."""
    barrier = Barrier(THREADS, timeout=60)

    def run(now: float) -> list[float]:
        budget = read_budget(table)
        # All have read the same budget: the conditional write alone tells them apart.
        barrier.wait()
        refused = budget.refusal(now)
        return [now] if refused is None and claim_restart(table, budget, now) else []

    made = []
    with ThreadPoolExecutor(THREADS) as pool:
        for now in range(0, 3 * WINDOW_SECONDS, 600):
            found = [at for claims in pool.map(run, [float(now)] * THREADS) for at in claims]
            assert len(found) <= 1
            made += found
    assert made[:LIMIT] == [0, 600, 1200]
    for first, fourth in zip(made, made[LIMIT:], strict=False):
        assert fourth - first >= WINDOW_SECONDS
    assert read_budget(table).claims[-1] == made[-1]
