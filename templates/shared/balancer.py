"""The internal load balancer in front of Connect's REST API, with its name and its certificate."""

from collections.abc import Sequence
from typing import Annotated, Any

from troposphere import GetAtt, Ref, Template, certificatemanager, route53
from troposphere import elasticloadbalancingv2 as elb

from connector.domain.stage.aws_names import CONNECT_PORT, Names
from connector.domain.stage.stage import Stage
from templates.shared.settings import AlbTlsSettings, shaped

#: The value of the output where there is no load balancer: CloudFormation takes no empty one.
NONE = "none"

#: Connect answers slowly while it validates a config or rebalances; ELB's default of 60 s cuts it short.
_IDLE_SECONDS = 120
_ATTRIBUTES = {
    "idle_timeout.timeout_seconds": str(_IDLE_SECONDS),
    "routing.http.drop_invalid_header_fields.enabled": "true",
}
#: TLS 1.2 and 1.3, and the same with FIPS modules only ("Security policies for your Application Load
#: Balancer", Elastic Load Balancing documentation).
POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
FIPS_POLICY = "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04"
#: A policy without TLS 1.0 and 1.1, as that page names them; newer ones have another date.
TlsPolicy = Annotated[
    str,
    shaped(
        r"ELBSecurityPolicy-TLS13-1-[23](-Res|-Ext[012])?(-FIPS)?(-PQ)?-20\d\d-\d\d",
        f"the name of a TLS policy without TLS 1.0 and 1.1, like {POLICY}",
    ),
]
#: Amazon S3 User Guide, "General purpose bucket naming rules".
Bucket = Annotated[
    str,
    shaped(
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "the name of an S3 bucket alone, like agency-logs (3 to 63 of a-z, 0-9, '.' and '-')",
    ),
]


def add(
    template: Template,
    *,
    stage: Stage,
    tls: AlbTlsSettings | None,
    vpc: str,
    subnets: Sequence[str],
    group: str,
    policy: str,
    log_bucket: str | None,
) -> Any:
    """Add balancer, listener, zone and record; returns the target group's ARN, or `NONE` without `tls`.

    `group` is the logical id of the balancer's security group. Balancer and target group have no name of
    their own: ELB allows 32 characters, which the longest stages exceed.
    """
    if tls is None:
        return NONE
    names = stage.names
    template.add_resource(
        elb.LoadBalancer(
            "LoadBalancer",
            Scheme="internal",
            Type="application",
            Subnets=list(subnets),
            SecurityGroups=[GetAtt(group, "GroupId")],
            LoadBalancerAttributes=[
                elb.LoadBalancerAttributes(Key=key, Value=value)
                for key, value in _attributes(stage, log_bucket).items()
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
            SslPolicy=policy,
            Certificates=[elb.Certificate(CertificateArn=_certificate(template, names, tls))],
            DefaultActions=[elb.Action(Type="forward", TargetGroupArn=Ref("Workers"))],
        )
    )
    _add_name(template, names, vpc)
    return Ref("Workers")


def _attributes(stage: Stage, log_bucket: str | None) -> dict[str, str]:
    """ELB's attributes: "Edit attributes for your Application Load Balancer", its documentation.

    A named stage's balancer cannot be deleted by accident, like the stage's stacks. CloudFormation cannot
    delete it either, until somebody switches that off (docs/stages.md#load-balancer).
    """
    attributes = _ATTRIBUTES | {"deletion_protection.enabled": str(not stage.ephemeral).lower()}
    if log_bucket is not None:
        attributes |= {
            "access_logs.s3.enabled": "true",
            "access_logs.s3.bucket": log_bucket,
            "access_logs.s3.prefix": stage.names.service,
        }
    return attributes


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
