"""The table of endpoints has every service that the functions call, and no other."""

import ast
from pathlib import Path

from connector.domain.network.endpoints import ENDPOINTS, FIPS_SERVICES, FUNCTIONS, Reached

ROOT = Path(__file__).parents[3]


def services_called() -> set[str]:
    """The first argument of every `aws.client` and `aws.resource` in what runs inside the VPC.

    No other module than `lambda_src/clients/aws.py` makes clients of boto3.
    """
    found = set()
    maker = ROOT / "lambda_src" / "clients" / "aws.py"
    for path in (ROOT / "lambda_src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("client", "resource")
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in ("aws", "boto3")
                and path != maker
            ):
                assert node.func.value.id == "aws", f"{path}: ask {maker.name} for clients"
                assert isinstance(node.args[0], ast.Constant), f"{path}: the service is not a literal"
                found.add(str(node.args[0].value))
    return found


def test_the_table_has_the_services_that_functions_call_and_no_other():
    assert services_called() == {row.service for row in ENDPOINTS if FUNCTIONS in row.used_by}


def test_a_silent_endpoint_is_told_with_whom_it_stops():
    found = Reached("logs", "logs.us-east-1.amazonaws.com:443", "connection refused").describe()
    assert found == (
        "logs (logs.us-east-1.amazonaws.com:443): connection refused; tasks and functions need it for the "
        "worker's log, which the health check reads"
    )
    assert Reached("AWS_ENDPOINT_URL", "127.0.0.1:1", "connection refused").describe() == (
        "AWS_ENDPOINT_URL (127.0.0.1:1): connection refused"
    )


def test_fips_concerns_what_functions_call():
    assert FIPS_SERVICES == ("dynamodb", "ecs", "logs", "monitoring", "s3", "secretsmanager", "sns")
