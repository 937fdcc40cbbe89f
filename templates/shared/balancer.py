"""The internal load balancer in front of Connect's REST API, with its name and its certificate."""

from collections.abc import Sequence
from typing import Any

from troposphere import GetAtt, Ref, Template, certificatemanager, route53
from troposphere import elasticloadbalancingv2 as elb

from connector.domain.stage.aws_names import CONNECT_PORT, Names
from templates.shared.settings import AlbTlsSettings

#: The value of the output where there is no load balancer: CloudFormation takes no empty one.
NONE = "none"

#: Connect answers slowly while it validates a config or rebalances; ELB's default of 60 s cuts it short.
_IDLE_SECONDS = 120
_ATTRIBUTES = {
    "idle_timeout.timeout_seconds": str(_IDLE_SECONDS),
    "routing.http.drop_invalid_header_fields.enabled": "true",
}
_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


def add(
    template: Template,
    *,
    names: Names,
    tls: AlbTlsSettings | None,
    vpc: str,
    subnets: Sequence[str],
    group: str,
) -> Any:
    """Add balancer, listener, zone and record; returns the target group's ARN, or `NONE` without `tls`.

    `group` is the logical id of the balancer's security group. Balancer and target group have no name of
    their own: ELB allows 32 characters, which the longest stages exceed.
    """
    if tls is None:
        return NONE
    template.add_resource(
        elb.LoadBalancer(
            "LoadBalancer",
            Scheme="internal",
            Type="application",
            Subnets=list(subnets),
            SecurityGroups=[GetAtt(group, "GroupId")],
            LoadBalancerAttributes=[
                elb.LoadBalancerAttributes(Key=key, Value=value) for key, value in _ATTRIBUTES.items()
            ],
        )
    )
    template.add_resource(_target_group(vpc))
    template.add_resource(
        elb.Listener(
            "Https",
            LoadBalancerArn=Ref("LoadBalancer"),
            Port=443,
            Protocol="HTTPS",
            SslPolicy=_POLICY,
            Certificates=[elb.Certificate(CertificateArn=_certificate(template, names, tls))],
            DefaultActions=[elb.Action(Type="forward", TargetGroupArn=Ref("Workers"))],
        )
    )
    _add_name(template, names, vpc)
    return Ref("Workers")


def _target_group(vpc: str) -> elb.TargetGroup:
    return elb.TargetGroup(
        "Workers",
        VpcId=vpc,
        TargetType="ip",
        Protocol="HTTP",
        Port=CONNECT_PORT,
        HealthCheckProtocol="HTTP",
        HealthCheckPath="/",
        HealthCheckIntervalSeconds=30,
        HealthCheckTimeoutSeconds=15,
        HealthyThresholdCount=2,
        UnhealthyThresholdCount=5,
        # Nothing else means that a worker is ready.
        Matcher=elb.Matcher(HttpCode="200"),
        TargetGroupAttributes=[
            elb.TargetGroupAttribute(Key="deregistration_delay.timeout_seconds", Value="10")
        ],
    )


def _certificate(template: Template, names: Names, tls: AlbTlsSettings) -> Any:
    if tls.certificate_arn is not None:
        return tls.certificate_arn
    template.add_resource(
        certificatemanager.Certificate(
            "ConnectCertificate",
            DomainName=names.connect_host,
            CertificateAuthorityArn=tls.certificate_authority_arn,
        )
    )
    return Ref("ConnectCertificate")


def _add_name(template: Template, names: Names, vpc: str) -> None:
    template.add_resource(
        route53.HostedZone(
            "Zone",
            Name=names.zone,
            HostedZoneConfig=route53.HostedZoneConfiguration(Comment=f"{names.service}: Connect"),
            VPCs=[route53.HostedZoneVPCs(VPCId=vpc, VPCRegion=Ref("AWS::Region"))],
        )
    )
    template.add_resource(
        route53.RecordSetType(
            "ConnectRecord",
            HostedZoneId=Ref("Zone"),
            Name=names.connect_host,
            Type="A",
            AliasTarget=route53.AliasTarget(
                DNSName=GetAtt("LoadBalancer", "DNSName"),
                HostedZoneId=GetAtt("LoadBalancer", "CanonicalHostedZoneID"),
                EvaluateTargetHealth=False,
            ),
        )
    )
