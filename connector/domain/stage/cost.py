"""What a stage costs a month, counted in its templates: list prices of one region, on demand. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.health import metrics

#: The prices are those of this region, in USD, as AWS's pages gave them at that time.
REGION, AS_OF = "us-east-1", "November 2026"
#: A month, as AWS's pages count it.
HOURS = 730
#: What the sum leaves out.
NOT_COUNTED = (
    "not counted: the foundation, log lines, data through NAT or endpoints, the load balancer of "
    "connectAlbTls, functions, SNS, SQS, EventBridge and the state table (cents), taxes, "
    "free tiers and discounts"
)
#: A named stage has login and brokers of its own, a branch has those of the default.
SECRETS_OF_NAMED = 2


@dataclass(frozen=True)
class Price:
    """What one unit costs a month, and the page of AWS that says so."""

    what: str
    usd: float
    page: str
    url: str


_FARGATE = ("AWS Fargate Pricing", "https://aws.amazon.com/fargate/pricing/")
_CLOUDWATCH = ("Amazon CloudWatch Pricing", "https://aws.amazon.com/cloudwatch/pricing/")
_SECRETS = ("AWS Secrets Manager Pricing", "https://aws.amazon.com/secrets-manager/pricing/")
_ROUTE_53 = ("Amazon Route 53 Pricing", "https://aws.amazon.com/route53/pricing/")

VCPU = Price("Fargate, a vCPU (Linux, x86)", 0.04048 * HOURS, *_FARGATE)
GIB = Price("Fargate, a GB of memory", 0.004445 * HOURS, *_FARGATE)
ALARM = Price("CloudWatch alarm, standard resolution", 0.10, *_CLOUDWATCH)
METRIC = Price("CloudWatch custom metric (of the first 10,000)", 0.30, *_CLOUDWATCH)
DASHBOARD = Price("CloudWatch dashboard (the first three are free)", 3.00, *_CLOUDWATCH)
SECRET = Price("secret", 0.40, *_SECRETS)
ZONE = Price("Route 53 hosted zone", 0.50, *_ROUTE_53)
PRICES = (VCPU, GIB, ALARM, METRIC, DASHBOARD, SECRET, ZONE)


@dataclass(frozen=True)
class CostItem:
    """How many units of one kind a stage has."""

    name: str
    count: float
    price: Price

    @property
    def usd(self) -> float:
        """What they cost a month."""
        return self.count * self.price.usd


def counted(
    templates: Iterable[Mapping[str, Any]], secrets: int, *, ephemeral: bool = False
) -> tuple[CostItem, ...]:
    """What of a stage with these templates costs money each month; `secrets`: how many are its own."""
    resources = [resource for each in templates for resource in each.get("Resources", {}).values()]
    types = [resource["Type"] for resource in resources]
    tasks = sum(int(each.get("DesiredCount", 0)) for each in _properties(resources, "AWS::ECS::Service"))
    task: Mapping[str, Any] = next(_properties(resources, "AWS::ECS::TaskDefinition"), {})
    watched = metrics.emitted(settings_in(resources) or ConnectorSettings(), ephemeral=ephemeral)
    return (
        CostItem("vCPU", int(task.get("Cpu", 0)) / 1024 * tasks, VCPU),
        CostItem("GB", int(task.get("Memory", 0)) / 1024 * tasks, GIB),
        CostItem("alarms", types.count("AWS::CloudWatch::Alarm"), ALARM),
        CostItem("metrics", len(watched) if "AWS::Lambda::Function" in types else 0, METRIC),
        CostItem("dashboards", types.count("AWS::CloudWatch::Dashboard"), DASHBOARD),
        CostItem("secrets", secrets if types else 0, SECRET),
        CostItem("zones", types.count("AWS::Route53::HostedZone"), ZONE),
    )


def total(items: Sequence[CostItem]) -> float:
    """The sum in USD a month."""
    return sum(item.usd for item in items)


def settings_in(resources: Iterable[Mapping[str, Any]]) -> ConnectorSettings | None:
    """The connector's settings that the functions among the resources have.

    None without a function, and for settings of another release that this one does not know.
    """
    for properties in _properties(resources, "AWS::Lambda::Function"):
        text = properties.get("Environment", {}).get("Variables", {}).get("CONNECTOR_SETTINGS")
        if text is not None:
            try:
                return ConnectorSettings.from_json(str(text))
            except OperatorError:
                return None
    return None


def _properties(resources: Iterable[Mapping[str, Any]], kind: str) -> Iterator[Mapping[str, Any]]:
    return (each.get("Properties", {}) for each in resources if each["Type"] == kind)
