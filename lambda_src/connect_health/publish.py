"""Act: publish what was decided."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from connector.domain.health import metrics
from lambda_src.clients.aws import aws_errors


class CloudWatch(Protocol):
    """The part of boto3's client that is used here."""

    def put_metric_data(
        self,
        *,
        Namespace: str,  # noqa: N803 - boto3's spelling
        MetricData: Sequence[Mapping[str, Any]],  # noqa: N803
    ) -> Any: ...


def publish(cloudwatch: CloudWatch, namespace: str, values: Mapping[str, float]) -> None:
    """Publish the values of metrics of the contract, in one call."""
    data = [
        {"MetricName": name, "Value": value, "Unit": metrics.metric(name).unit}
        for name, value in sorted(values.items())
    ]
    with aws_errors("cloudwatch:PutMetricData"):
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
