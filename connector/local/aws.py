"""Starts and stops the embedded AWS (see `aws_server`), and says how to reach it."""

import os
import sys
import urllib.request
from pathlib import Path

from connector.local.processes import Process, end, spawn, wait_until
from connector.local.state import ROOT
from connector.local.toolchain import JVM_OPTIONS, Toolchain, jvm_options

REGION = "us-east-1"
#: Where brokers read the address of IAM, below the world's directory (`aws_shims.msk_iam`).
MSK_IAM_FILE = Path("aws", "msk-iam")

#: Set to 1, workers get no more CPU than their task's; `make memory` does so.
ENFORCE_CPU = "WMS_LOCAL_ENFORCE_CPU"

#: What must not reach a client of the local world: it would lead to a real account or past the endpoint.
FOREIGN = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CA_BUNDLE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


def client_environment(endpoint: str) -> dict[str, str]:
    """The variables with which any AWS client, the stock `sceptre` too, speaks to this world and no other."""
    no_proxy = [
        part for part in os.environ.get("NO_PROXY", os.environ.get("no_proxy", "")).split(",") if part
    ]
    local = [part for part in ("127.0.0.1", "localhost", "127.0.0.0/8") if part not in no_proxy]
    exempt = ",".join([*no_proxy, *local])
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        # A profile of the user's could carry an endpoint or credentials of its own.
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "NO_PROXY": exempt,
        "no_proxy": exempt,
    }


def start(
    state: Path, port: int, tools: Toolchain, connect_home: Path, *, enforce_iam: bool, log: Path
) -> Process:
    """Start the server on 127.0.0.1:`port`; does not wait for it. `connect_home` is what its workers run."""
    temporary = state / "aws"
    temporary.mkdir(parents=True, exist_ok=True)
    environment = {
        **tools.environment(),
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "S3_DATA_DIR": str(temporary / "s3"),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "AUTH": "true" if enforce_iam else "false",
        "LOG_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
        # No Docker, even where there is one: nothing of this world may depend on it or touch it.
        "DOCKER_HOST": f"unix://{temporary / 'no-docker.sock'}",
        "AWS_EC2_METADATA_DISABLED": "true",
        ENFORCE_CPU: os.environ.get(ENFORCE_CPU, ""),
        JVM_OPTIONS: jvm_options(),
        "WMS_LOCAL_STATE": str(state),
        "WMS_LOCAL_CONNECT_HOME": str(connect_home),
    }
    return spawn(
        [sys.executable, "-m", "connector.local.aws_server"], log=log, env=environment, cwd=temporary
    )


def wait(process: Process, endpoint: str, seconds: float = 60) -> None:
    """Wait until the server answers. Raises DeadlineExceeded."""
    wait_until(
        lambda: healthy(endpoint), what=f"embedded AWS at {endpoint}", seconds=seconds, process=process
    )


def healthy(endpoint: str) -> bool:
    """Whether the server answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint}/_ministack/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def stop(process: Process) -> None:
    """End the server, and with it the workers."""
    end(process, grace=30)
