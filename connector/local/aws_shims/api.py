"""Calls that AWS services make on a customer's behalf: back into this server, with a role's rights."""

import hashlib
import os
from typing import Any

import boto3
from botocore.config import Config

from connector.local.aws_shims._ministack import module


def client_for_role(service: str, role_arn: str) -> Any:
    """A client that has the rights of `role_arn` where rights are enforced, and all rights elsewhere."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    if module("app").AUTH and role_arn:
        keys = role_credentials(role_arn)
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        region_name=module("core.responses").get_region(),
        config=Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=20, proxies={}),
        **keys,
    )


def role_credentials(role_arn: str) -> dict[str, str]:
    """Credentials of an assumed role, registered as MiniStack's STS would."""
    account = role_arn.split(":")[4]
    role = role_arn.rsplit("/", 1)[-1]
    digest = hashlib.sha256(f"{os.getpid()}:{role_arn}".encode()).hexdigest()
    access = f"ASIA{digest[:16].upper()}"
    secret, token = (hashlib.sha256(f"{kind}:{digest}".encode()).hexdigest() for kind in ("secret", "token"))
    module("services.sts").register_session(
        access,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/ecs-task",
            "UserId": f"{role}:ecs-task",
            "SecretAccessKey": secret,
            "SessionToken": token,
        },
    )
    return {"aws_access_key_id": access, "aws_secret_access_key": secret, "aws_session_token": token}
