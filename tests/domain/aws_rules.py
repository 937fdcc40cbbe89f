"""What each AWS service (and Kafka) accepts as a name, with the page that says so."""

import re
from dataclasses import dataclass

_API = "https://docs.aws.amazon.com"


@dataclass(frozen=True)
class Rule:
    """A legal name matches `pattern` as a whole and has at most `longest` characters."""

    pattern: str
    longest: int
    source: str
    shortest: int = 1

    def admits(self, name: str) -> bool:
        return self.shortest <= len(name) <= self.longest and re.fullmatch(self.pattern, name) is not None


_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"

STACK = Rule(
    r"[a-zA-Z][-a-zA-Z0-9]*", 128, f"{_API}/AWSCloudFormation/latest/APIReference/API_CreateStack.html"
)
# Cluster, service and family have one rule.
ECS = Rule(r"[a-zA-Z0-9_-]+", 255, f"{_API}/AmazonECS/latest/APIReference/API_CreateCluster.html")
LOG_GROUP = Rule(
    r"[.\-_/#A-Za-z0-9]+",
    512,
    f"{_API}/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html",
)
SNS = Rule(r"[A-Za-z0-9_-]+", 256, f"{_API}/sns/latest/api/API_CreateTopic.html")
# Must not begin with a colon, nor with AWS/, which is Amazon's own.
NAMESPACE = Rule(
    r"(?!:)(?!AWS/)[A-Za-z0-9._/#: -]+",
    255,
    f"{_API}/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html",
)
TABLE = Rule(
    r"[a-zA-Z0-9_.-]+",
    255,
    f"{_API}/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html",
    shortest=3,
)
QUEUE = Rule(r"[A-Za-z0-9_-]+", 80, f"{_API}/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html")
FUNCTION = Rule(r"[a-zA-Z0-9_-]+", 64, f"{_API}/lambda/latest/api/API_CreateFunction.html")
DASHBOARD = Rule(r"[A-Za-z0-9_-]+", 255, f"{_API}/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html")
ALARM = Rule(r"[\x20-\x7e]+", 255, f"{_API}/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html")
EVENT_RULE = Rule(r"[.\-_A-Za-z0-9]+", 64, f"{_API}/eventbridge/latest/APIReference/API_PutRule.html")
SECURITY_GROUP = Rule(
    r"(?!sg-)[a-zA-Z0-9 ._:/()#,@\[\]+=&;{}!$*-]+",
    255,
    f"{_API}/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html",
)
ZONE = Rule(
    rf"{_LABEL}(?:\.{_LABEL})*",
    255,
    f"{_API}/Route53/latest/DeveloperGuide/DomainNameFormat.html",
)
CERTIFICATE = Rule(
    rf"{_LABEL}(?:\.{_LABEL})*", 64, f"{_API}/acm/latest/APIReference/API_RequestCertificate.html"
)
SECRET = Rule(r"[A-Za-z0-9/_+=.@-]+", 512, f"{_API}/secretsmanager/latest/apireference/API_CreateSecret.html")
TOPIC = Rule(
    r"(?!\.{1,2}$)[a-zA-Z0-9._-]+",
    249,
    "https://github.com/apache/kafka/blob/4.1/clients/src/main/java/org/apache/kafka/common/internals/Topic.java",
)

#: What `Names.flat()` yields, by key.
FLAT = {
    "service": ECS,
    "connector_log_group": LOG_GROUP,
    "sns_topic": SNS,
    "alarms_topic": SNS,
    "health_namespace": NAMESPACE,
    "log_namespace": NAMESPACE,
    "table": TABLE,
    "dead_letter_queue": QUEUE,
    "connect_admin": FUNCTION,
    "connect_health": FUNCTION,
    "dashboard": DASHBOARD,
    "zone": ZONE,
    "connect_host": CERTIFICATE,
    **{f"stack_{c}": STACK for c in ("alerts", "network", "functions", "connector", "alarms", "events")},
}

#: A short and a long word for names that take one.
WORDS = ("X", "ConnectorLogErrorsWarning")
