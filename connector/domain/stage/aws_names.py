"""Every AWS name, in one place: nothing else in the project spells one out.

A name is made from the stage's *slug*, which is legal in every AWS service used here. Lengths are
bounded by the tightest one: the certificate's domain name.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

PROJECT = "wms"
PRODUCT = "wms-connector"

#: The stacks of a stage, in the order in which they are launched.
COMPONENTS = ("alerts", "network", "functions", "connector", "alarms", "events")
FOUNDATION_STACK = f"{PROJECT}-foundation"

#: The connector's name in Kafka Connect, the same in every stage (each stage has its own Connect group).
CONNECTOR = "wms-oracle-cdc"

#: The connector beside it that reads the source once, for a comparison, and is deleted then. Its name is as
#: long, so that one pattern stands for both where there is little room (`deployer_boundary`).
COMPARISON_CONNECTOR = "wms-reconciler"

#: Below it in the artifact bucket are the digests of comparisons, which end with their run.
COMPARISON_FOLDER = "compared/"

#: The only container of the task definition.
CONTAINER = "kafka-connect"

#: ACM: the first domain name of a certificate has at most 64 characters, `connect.` included.
MAX_SLUG = 64 - len(f"connect.{PRODUCT}-.internal")

#: Ports of the task: Connect's REST API and the JMX Prometheus agent.
CONNECT_PORT = 8083
METRICS_PORT = 9404


#: EventBridge: a rule's name has at most 64 characters.
MAX_RULE = 64 - len(f"{PRODUCT}-") - MAX_SLUG - len("-")


class RolePart(StrEnum):
    """The roles of a stage, and what of their names follows the slug.

    The part begins with a capital letter, which no slug has: no role of `main-x` has a name that begins like
    one of `main`.
    """

    ADMIN = "Admin"
    HEALTH = "Health"
    EXECUTION = "Execution"
    TASK = "Task"


#: IAM: a role's name has at most 64 characters.
_PATH_DIGITS = 6

# What follows the slug in a name has no hyphen: with one, `a` + `b-c` and `a-b` + `c` would be one name.
_PART = re.compile(r"[A-Za-z][A-Za-z0-9]*")


@dataclass(frozen=True)
class Names:
    """The AWS names of one stage. `slug` is the stage in a form that is legal everywhere."""

    slug: str

    @property
    def service(self) -> str:
        """The service prefix: also the name of ECS cluster, service and task family."""
        return f"{PRODUCT}-{self.slug}"

    def stack(self, component: str) -> str:
        """Name of the stack that holds `component`, one of `COMPONENTS`."""
        if component not in COMPONENTS:
            raise ValueError(f"no such component: {component!r}; known: {', '.join(COMPONENTS)}")
        return f"{PROJECT}-{component}-{self.slug}"

    @property
    def stacks(self) -> Mapping[str, str]:
        """Component -> stack name."""
        return {component: self.stack(component) for component in COMPONENTS}

    @property
    def connect_admin(self) -> str:
        """Lambda that calls Connect, Kafka and the database for hooks and the CLI."""
        return f"{self.service}-connect-admin"

    @property
    def connect_health(self) -> str:
        """Lambda that checks health on a schedule."""
        return f"{self.service}-connect-health"

    @property
    def table(self) -> str:
        """DynamoDB table with the stage record and the restart budget."""
        return f"{self.service}-state"

    @property
    def comparison_folder(self) -> str:
        """Where in the artifact bucket a comparison of source and topics keeps its digests."""
        return f"{COMPARISON_FOLDER}{self.slug}/"

    @property
    def dead_letter_queue(self) -> str:
        """SQS queue for events that a Lambda could not handle."""
        return f"{self.service}-dead-letters"

    def drill_queue(self, token: str) -> str:
        """SQS queue that receives what is mailed during a drill; `token` is the drill's own word."""
        return self._with_part(f"Drill{token}")

    @property
    def connector_log_group(self) -> str:
        """Log group of the Connect worker."""
        return f"/aws/fargate/{self.service}-kafka-connect"

    @property
    def insights_log_group(self) -> str:
        """Log group that AWS creates for the cluster if Container Insights is the account's default."""
        return f"/aws/ecs/containerinsights/{self.service}/performance"

    @staticmethod
    def function_log_group(function: str) -> str:
        """Log group of a Lambda function."""
        return f"/aws/lambda/{function}"

    @property
    def sns_topic(self) -> str:
        """SNS topic that mails people."""
        return f"Alerts-{self.stack('alerts')}"

    @property
    def alarms_topic(self) -> str:
        """SNS topic that gets every alarm and its OK, for machines such as a pager."""
        return f"Alarms-{self.stack('alerts')}"

    @property
    def health_namespace(self) -> str:
        """CloudWatch namespace of the metrics that the health check publishes."""
        return f"{self.service}/Health"

    @property
    def log_namespace(self) -> str:
        """CloudWatch namespace of the metrics that log filters publish."""
        return f"{self.service}/ConnectorLogs"

    def alarm(self, alarm: str) -> str:
        """CloudWatch alarm name; `alarm` is one word, as in `ConnectorFailed`."""
        return self._with_part(alarm)

    def rule(self, rule: str) -> str:
        """EventBridge rule name; `rule` is one word of at most `MAX_RULE` characters."""
        if len(rule) > MAX_RULE:
            raise ValueError(f"{rule!r} is too long for a rule: at most {MAX_RULE} characters")
        return self._with_part(rule)

    @property
    def dashboard(self) -> str:
        """CloudWatch dashboard name."""
        return self.service

    @property
    def zone(self) -> str:
        """Private DNS zone of the stage's load balancer."""
        return f"{self.service}.internal"

    @property
    def connect_host(self) -> str:
        """Domain name under which the load balancer answers and for which the certificate is issued."""
        return f"connect.{self.zone}"

    def role_start(self, part: RolePart) -> str:
        """What the name of a role begins with, whatever its path; the names of its policies begin so, too."""
        return self._with_part(part.value)

    def role(self, part: RolePart, path: str, rights: str = "") -> str:
        """Name of an IAM role, or of the policy with those of its rights that are called `rights`.

        Neither can move to another path, so there it gets another name and is replaced. The name is ours, not
        CloudFormation's: that one is cut where it is too long, and a role of a stage
        `production-with-a-long-name` could then not be told from one of `production`.
        """
        digest = hashlib.sha256(path.encode()).hexdigest()[:_PATH_DIGITS]
        return f"{self.role_start(part)}{rights}-{digest}"

    def security_group(self, role: str) -> str:
        """Security group name; `role` is one word, as in `client`."""
        return self._with_part(role)

    def _with_part(self, part: str) -> str:
        if not _PART.fullmatch(part):
            raise ValueError(f"{part!r} is not one word of letters and digits")
        return f"{self.service}-{part}"

    def flat(self) -> Mapping[str, str]:
        """Every name by what it names, for `stage show` and for tests that check all of them."""
        singles = {
            "service": self.service,
            "connector_log_group": self.connector_log_group,
            "sns_topic": self.sns_topic,
            "alarms_topic": self.alarms_topic,
            "health_namespace": self.health_namespace,
            "log_namespace": self.log_namespace,
            "table": self.table,
            "dead_letter_queue": self.dead_letter_queue,
            "connect_admin": self.connect_admin,
            "connect_health": self.connect_health,
            "dashboard": self.dashboard,
            "zone": self.zone,
            "connect_host": self.connect_host,
        }
        return {**singles, **{f"stack_{c}": name for c, name in self.stacks.items()}}


#: Partition -> host of the AWS console. "AWS service endpoints", AWS General Reference, and
#: the console's addresses in the guides of AWS GovCloud (US) and of AWS in China.
CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-cn": "console.amazonaws.cn",
}


def dashboard_link(dashboard: str, region: str, partition: str = "aws") -> str:
    """Where a browser shows a dashboard of CloudWatch."""
    return dashboard_at(CONSOLES.get(partition, CONSOLES["aws"]), dashboard, region)


def dashboard_at(host: str, dashboard: str, region: str) -> str:
    """The same, with the console's host."""
    return f"https://{host}/cloudwatch/home?region={region}#dashboards/dashboard/{dashboard}"
