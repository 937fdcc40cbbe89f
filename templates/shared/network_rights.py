"""IAM statements for a function in a VPC: what the Lambda service does with the function's role.

Source: Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC".
"""

from collections.abc import Sequence

from awacs import aws, ec2
from awacs.aws import Action, Allow, ArnEquals, Condition, Statement
from troposphere import Sub

from templates.shared.common import arn

_INTERFACE_ACTIONS: list[Action] = [
    ec2.CreateNetworkInterface,
    ec2.DeleteNetworkInterface,
    ec2.AssignPrivateIpAddresses,
    ec2.UnassignPrivateIpAddresses,
]


def attach_to_vpc(subnets: Sequence[str]) -> list[Statement]:
    """What Lambda needs to attach a function to these subnets.

    Describing takes no resource. Lambda probes the other actions without naming an interface, so their
    resource is "all of this account's", which is the narrowest that AWS documents to work. A subnet that
    another account shares (RAM) has its owner's account in its ARN, and an interface is made only if the
    subnet's ARN is allowed, too: hence these subnets by their ids, which are unique, in any account.
    """
    return [
        Statement(
            Sid="DescribeNetwork",
            Effect=Allow,
            Action=[ec2.DescribeNetworkInterfaces, ec2.DescribeSubnets],
            Resource=["*"],
        ),
        Statement(
            Sid="AttachToVpc",
            Effect=Allow,
            Action=_INTERFACE_ACTIONS,
            Resource=[arn("ec2", "*/*")],
        ),
        Statement(
            Sid="AttachToSharedSubnets",
            Effect=Allow,
            Action=[ec2.CreateNetworkInterface],
            Resource=[
                Sub(f"arn:${{AWS::Partition}}:ec2:${{AWS::Region}}:*:subnet/{subnet}") for subnet in subnets
            ],
        ),
    ]


def no_interfaces_from_code(function: str) -> Statement:
    """Deny the function's own code what only the Lambda service needs for attaching it.

    Lambda sends the key only with what the function's code calls, not with what it calls itself.
    """
    return Statement(
        Sid="NoInterfacesFromCode",
        Effect=aws.Deny,
        Action=_INTERFACE_ACTIONS,
        Resource=["*"],
        Condition=Condition(ArnEquals({"lambda:SourceFunctionArn": arn("lambda", f"function:{function}")})),
    )
