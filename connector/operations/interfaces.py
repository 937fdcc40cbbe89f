"""The network interfaces of deleted Lambdas, which hold the security groups of the network stack.

AWS keeps the network interfaces of a deleted function for some minutes, and a security group with an
interface cannot be deleted: CloudFormation would give up before they are gone.
"""

from collections.abc import Callable, Iterable

from connector.aws import calls
from connector.aws.admin_function import Clock
from connector.domain.errors import DeadlineExceeded
from connector.operations.signs import LINE_SECONDS, Show

#: AWS documents up to 20 minutes (Lambda developer guide, "Giving Lambda functions access to a VPC").
_LIMIT_SECONDS = 40 * 60.0
_PAUSE_SECONDS = 15.0

#: The load balancer's interfaces are in such a group too, and go with this very stack.
_LAMBDA = "lambda"

Count = Callable[[], int]


def wait_for_interfaces(connection: calls.Port, stack_name: str, show: Show) -> None:
    """Wait until no interface of Lambda is in the stack's security groups; raises `DeadlineExceeded`."""
    groups = security_groups(connection, stack_name)
    if groups:
        wait(lambda: held(connection, groups), Clock(), show)


def wait(count: Count, clock: Clock, show: Show) -> None:
    """Ask until nothing is left, with a line at least every 15 seconds; raises `DeadlineExceeded`."""
    began = shown_at = clock.now()
    shown = 0
    while left := count():
        now = clock.now()
        if now >= began + _LIMIT_SECONDS:
            raise DeadlineExceeded(
                f"{left} network interfaces are still in the security groups after "
                f"{_LIMIT_SECONDS / 60:.0f} minutes; find out what uses them, or run the same command again "
                "later"
            )
        if left != shown or now - shown_at >= LINE_SECONDS:
            show(
                f"waiting for {left} network interfaces of the deleted Lambdas, which hold the security "
                f"groups, {now - began:.0f} s: AWS removes them within about 20 minutes"
            )
            shown, shown_at = left, now
        clock.sleep(_PAUSE_SECONDS)


def security_groups(connection: calls.Port, stack_name: str) -> list[str]:
    """Ids of the stack's security groups; none when there is no such stack."""
    answer = calls.find(connection, "cloudformation", "describe_stack_resources", {"StackName": stack_name})
    return [
        resource["PhysicalResourceId"]
        for resource in (answer["StackResources"] if answer else ())
        if resource["ResourceType"] == "AWS::EC2::SecurityGroup" and resource.get("PhysicalResourceId")
    ]


def held(connection: calls.Port, groups: Iterable[str]) -> int:
    """How many of Lambda's interfaces are in these groups; 0 without the right to list them."""
    wanted = set(groups)
    filters = [
        {"Name": "group-id", "Values": sorted(wanted)},
        {"Name": "interface-type", "Values": [_LAMBDA]},
    ]
    found = 0
    try:
        for page in calls.pages(connection, "ec2", "describe_network_interfaces", {"Filters": filters}):
            for interface in page["NetworkInterfaces"]:
                ours = any(group["GroupId"] in wanted for group in interface.get("Groups", []))
                found += ours and interface.get("InterfaceType") == _LAMBDA
    except calls.ClientError as error:
        if "Unauthorized" in calls.code(error):
            return 0
        raise
    return found
