"""What an account has before the first launch: a network, a permissions boundary and the default secrets."""

import json
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from connector.local.aws import REGION

PREFIX = "wms"
IAM_PATH = "/delegatedadmin/developer/"
BOUNDARY = "developer-boundary-policy"
ALERT_EMAILS = ["wms-connector@example.com"]

_BOUNDARY_DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
_NETWORK = "10.20.0.0/16"
_SUBNETS = {
    "dataSubnets": ("10.20.0.0/24", "10.20.1.0/24"),
    "privateSubnets": ("10.20.10.0/24", "10.20.11.0/24"),
    "publicSubnets": ("10.20.20.0/24", "10.20.21.0/24"),
}


class SeededAccount:
    """The embedded account, seen with its administrator's credentials."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._session = boto3.session.Session(
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the embedded AWS knows no other
            region_name=REGION,
        )

    def client(self, service: str) -> Any:
        """A client for one service; never reads the caller's AWS configuration for its endpoint."""
        return self._session.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self._endpoint,
            config=Config(retries={"total_max_attempts": 3}, connect_timeout=5, read_timeout=60, proxies={}),
        )

    def put_secret(self, path: str, value: Any) -> str:
        """Create or change the secret `path` (below the prefix); strings stay strings. Answers its ARN."""
        secrets = self.client("secretsmanager")
        name = f"{PREFIX}/{path}"
        text = value if isinstance(value, str) else json.dumps(value)
        try:
            return str(secrets.create_secret(Name=name, SecretString=text)["ARN"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceExistsException":
                raise
            return str(secrets.put_secret_value(SecretId=name, SecretString=text)["ARN"])

    def delete_secret(self, path: str) -> None:
        """Delete a secret without a recovery window."""
        self.client("secretsmanager").delete_secret(
            SecretId=f"{PREFIX}/{path}", ForceDeleteWithoutRecovery=True
        )

    def seed(
        self,
        *,
        broker_string: str,
        db_info: dict[str, Any],
        credentials: dict[str, str] | None = None,
        authority: str | None = None,
    ) -> None:
        """Make network, boundary and the `default` secrets; those of the brokers' login where they are given.

        `authority` is a certificate as PEM.
        """
        self.put_secret("default/vpc", self._network())
        self.put_secret("default/iam/path", IAM_PATH)
        self.put_secret("default/iam/permissionsBoundary", self._boundary())
        self.put_secret("default/brokerString", broker_string)
        if credentials is not None:
            self.put_secret("default/kafkaCredentials", credentials)
        if authority is not None:
            self.put_secret("default/kafkaTls", {"certificateAuthorityPem": authority})
        self.put_secret("default/dbInfo", db_info)
        self.put_secret("default/alertEmails", {"emails": ALERT_EMAILS})

    def _network(self) -> dict[str, Any]:
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock=_NETWORK)["Vpc"]["VpcId"]
        servers = {"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS"]}
        options = ec2.create_dhcp_options(DhcpConfigurations=[servers])["DhcpOptions"]["DhcpOptionsId"]
        ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)
        found: dict[str, Any] = {"id": vpc}
        for kind, blocks in _SUBNETS.items():
            found[kind] = [
                ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=f"{REGION}{zone}")["Subnet"][
                    "SubnetId"
                ]
                for block, zone in zip(blocks, "ab", strict=True)
            ]
        return found

    def _boundary(self) -> str:
        created = self.client("iam").create_policy(
            PolicyName=BOUNDARY, PolicyDocument=json.dumps(_BOUNDARY_DOCUMENT)
        )
        return str(created["Policy"]["Arn"])
