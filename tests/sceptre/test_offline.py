"""Rendering imports no client of AWS, and takes it from nobody else in the process."""

import subprocess
import sys

import pytest

from connector.local.state import ROOT


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_rendering_a_stage_imports_no_client_of_aws() -> None:
    code = """
import sys
from connector.commands.render import rendering
assert len(rendering.render(["main"])["main"]) == 6
print("boto3" in sys.modules)
"""
    assert run(code) == "False"


@pytest.mark.parametrize("first", ["from connector.commands.render import rendering", "import sceptre.cli"])
def test_a_stack_can_connect_in_the_same_process(first: str) -> None:
    """As a test or a program may do that renders and then launches."""
    code = f"""
{first}
from connector.commands.render import rendering
from sceptre.stack import Stack
stack = Stack(name="x", project_code="x", region="us-east-1", template_handler_config={{"path": "x.py"}})
from sceptre.connection_manager import ConnectionManager
print(isinstance(ConnectionManager("us-east-1"), ConnectionManager), stack.connection_manager.region)
"""
    assert run(code) == "True us-east-1"
