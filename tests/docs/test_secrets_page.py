"""The procedures of docs/secrets.md can be run: every command is one of a program that a test runs.

tests/e2e/test_secrets_page.py runs them, in their order.
"""

import re

import boto3
import click
import pytest
from botocore import xform_name

from connector.cli import main
from connector.local.oracle.answers import administration, dba
from connector.local.schema import CDC
from tests.docs.secrets_page import PAGE, Command, Kind, procedures
from tests.e2e.secrets_page import RUN

ALL = [(name, command) for name, commands in procedures().items() for command in commands]


def test_every_procedure_of_the_page_is_run_by_the_end_to_end_test():
    assert list(procedures()) == list(RUN)
    page = PAGE.read_text(encoding="utf-8")
    assert page.count("<!-- procedure: ") == len(RUN)


def test_no_command_of_the_section_stands_outside_a_procedure():
    """But for the table of `wms-connector rotate`, whose three forms the procedures have."""
    page = PAGE.read_text(encoding="utf-8")
    section = page.partition("## How to change a secret")[2].partition("\n## ")[0]
    outside = re.sub(r"<!-- procedure: .*<!-- procedures end -->", "", section, flags=re.DOTALL)
    assert "```" not in outside
    table = set(re.findall(r"`wms-connector (rotate <stage>[^`]*)`", outside))
    run = {" ".join(c.words[1:]) for _, c in ALL if c.words[:2] == ["wms-connector", "rotate"]}
    assert {line.replace("<stage>", "main") for line in table} == run


@pytest.mark.parametrize(("name", "command"), ALL, ids=lambda value: getattr(value, "text", value))
def test_a_command_is_known_to_its_program(name: str, command: Command):
    if command.kind is Kind.SQL:
        assert CDC in command.text.upper() or command.text.startswith("CREATE PROFILE")
        return
    program, verb, *rest = command.words
    if program == "wms-connector":
        context = click.Context(main)
        found = main.get_command(context, verb)
        assert found is not None
        options = {option for parameter in found.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options
        return
    if program == "sceptre":
        assert verb == "launch"
        return
    assert (program, verb) == ("aws", "secretsmanager")
    model = boto3.client("secretsmanager", "us-east-1").meta.service_model
    operation = next(n for n in model.operation_names if xform_name(n, "-") == rest[0])
    shape = model.operation_model(operation).input_shape
    assert shape is not None
    known = {f"--{xform_name(member, '-')}" for member in shape.members}
    assert {word for word in rest[1:] if word.startswith("--")} <= known


@pytest.mark.parametrize(
    "command", [c for _, c in ALL if c.kind is Kind.SQL], ids=lambda command: command.text
)
def test_a_statement_is_known_to_the_stand_in_for_oracle(command: Command):
    assert administration, "it registers its statements when it is imported"
    assert dba.find(command.text.rstrip(";")) is not None


def test_a_profile_of_the_page_keeps_the_limit_of_ten_logins():
    """The user's profile before is replaced, with its limit."""
    made = [c.text for _, c in ALL if c.text.startswith("CREATE PROFILE")]
    assert made
    assert all("FAILED_LOGIN_ATTEMPTS 10" in text for text in made)
