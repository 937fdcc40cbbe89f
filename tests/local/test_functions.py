"""The embedded AWS really runs Lambda functions, under the conditions that ours rely on."""

import io
import json
import time
import zipfile
from typing import Any

import pytest

from tests.local.conftest import Embedded

pytestmark = pytest.mark.e2e

_HANDLER = """
import os, time
import boto3
COLD = [0]
def handler(event, context):
    COLD[0] += 1
    if event.get("raise"):
        raise ValueError("broken: " + event["raise"])
    if event.get("sleep"):
        time.sleep(event["sleep"])
    try:
        import connector.local
        checkout = True
    except ImportError:
        checkout = False
    return {"version": VERSION, "calls": COLD[0], "stage": os.environ["STAGE"], "checkout": checkout,
            "endpoint": os.environ["AWS_ENDPOINT_URL"], "inherited": "WMS_LOCAL_STATE" in os.environ,
            "account": boto3.client("sts").get_caller_identity()["Account"],
            "left": context.get_remaining_time_in_millis()}
"""


def package(version: int) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in ("lambda_src/__init__.py", "lambda_src/connect_admin/__init__.py"):
            archive.writestr(name, "")
        archive.writestr("lambda_src/connect_admin/handler.py", f"VERSION = {version}\n{_HANDLER}")
    return content.getvalue()


def invoke(embedded: Embedded, event: dict[str, Any]) -> tuple[str | None, Any]:
    answer = embedded.client("lambda").invoke(FunctionName="probe-runs", Payload=json.dumps(event).encode())
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


@pytest.fixture(scope="module")
def function(embedded: Embedded) -> str:
    s3 = embedded.client("s3")
    s3.create_bucket(Bucket="functions")
    for version in (1, 2):
        s3.put_object(Bucket="functions", Key=f"{version}.zip", Body=package(version))
    role = embedded.client("iam").create_role(
        RoleName="runs",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                    }
                ],
            }
        ),
    )
    embedded.client("lambda").create_function(
        FunctionName="probe-runs",
        Runtime="python3.12",
        Handler="lambda_src.connect_admin.handler.handler",
        Role=role["Role"]["Arn"],
        Code={"S3Bucket": "functions", "S3Key": "1.zip"},
        Timeout=3,
        Environment={"Variables": {"STAGE": "main"}},
    )
    embedded.client("lambda").get_waiter("function_active_v2").wait(
        FunctionName="probe-runs", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    return "probe-runs"


def test_a_function_from_s3_runs_in_this_world_with_its_own_environment_only(
    embedded: Embedded, function: str
):
    """Its zip, its variables and this server's endpoint; nothing of the checkout or of the server."""
    error, answer = invoke(embedded, {})
    assert error is None
    assert answer["endpoint"] == embedded.endpoint
    assert (answer["stage"], answer["account"], answer["inherited"]) == ("main", "000000000000", False)
    assert answer["checkout"] is False
    assert 0 < answer["left"] <= 3000


def test_a_warm_function_keeps_its_process(embedded: Embedded, function: str):
    """Module state survives between two calls, as on AWS."""
    first, second = (invoke(embedded, {})[1]["calls"] for _ in range(2))
    assert second == first + 1


def test_an_exception_comes_back_as_a_function_error(embedded: Embedded, function: str):
    error, answer = invoke(embedded, {"raise": "on purpose"})
    assert error == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("ValueError", "broken: on purpose")


def test_a_function_that_takes_too_long_is_ended(embedded: Embedded, function: str):
    began = time.monotonic()
    error, answer = invoke(embedded, {"sleep": 30})
    assert error == "Unhandled"
    assert "timed out after 3" in answer["errorMessage"]
    assert time.monotonic() - began < 10


def test_new_code_is_used_from_the_next_call_on(embedded: Embedded, function: str):
    """An update of the code does not leave a warm process with the old one."""
    invoke(embedded, {})
    embedded.client("lambda").update_function_code(FunctionName=function, S3Bucket="functions", S3Key="2.zip")
    assert invoke(embedded, {})[1]["version"] == 2


def test_a_function_has_the_rights_of_its_role_only(enforcing: Embedded):
    """With enforcement, a secret that the role does not name is denied."""
    secrets = enforcing.client("secretsmanager")
    mine = secrets.create_secret(Name="wms/main/mine", SecretString="a")["ARN"]
    other = secrets.create_secret(Name="wms/val/other", SecretString="b")["ARN"]
    role = enforcing.client("iam").create_role(
        RoleName="limited",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                    }
                ],
            }
        ),
    )
    enforcing.client("iam").put_role_policy(
        RoleName="limited",
        PolicyName="p",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": mine}
                ],
            }
        ),
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(
            "index.py",
            (
                "import boto3\n"
                "def handler(event, context):\n"
                "    secrets = boto3.client('secretsmanager')\n"
                "    return secrets.get_secret_value(SecretId=event['id'])['SecretString']\n"
            ),
        )
    functions = enforcing.client("lambda")
    functions.create_function(
        FunctionName="limited",
        Runtime="python3.12",
        Handler="index.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": content.getvalue()},
        Timeout=10,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="limited", WaiterConfig={"Delay": 1})
    allowed = functions.invoke(FunctionName="limited", Payload=json.dumps({"id": mine}).encode())
    assert json.loads(allowed["Payload"].read()) == "a"
    denied = functions.invoke(FunctionName="limited", Payload=json.dumps({"id": other}).encode())
    assert denied["FunctionError"] == "Unhandled"
    assert "AccessDenied" in denied["Payload"].read().decode()
