"""Small things every template needs: ARNs, parameters, deletion rules, the JSON text."""

from typing import Any

from troposphere import Output, Parameter, Ref, Sub, Template

from connector.domain.stage.stage import Stage
from templates.shared import exceptions

#: CloudFormation's limit for a template body that is sent with the request, in bytes.
MAX_TEMPLATE_BYTES = 51_200


def new_template(description: str) -> Template:
    """An empty template; always a fresh one, because Sceptre loads one module for several stacks at once."""
    template = Template(Description=description)
    template.set_version("2010-09-09")
    return template


#: From this length on a template is written without line breaks, in bytes.
_LONG_BYTES = 50_000


def to_json(template: Template) -> str:
    """The template's text, with its exceptions: the same settings give the same text, byte for byte."""
    exceptions.annotate(template)
    text: str = template.to_json(indent=1, sort_keys=True, separators=(",", ": "))
    if len(text.encode()) >= _LONG_BYTES:
        # CloudFormation takes 51,200 bytes in a request.
        text = template.to_json(indent=None, sort_keys=True, separators=(",", ":"))
    return text


def arn(service: str, resource: str) -> Sub:
    """ARN of a resource of this account, region and partition."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}")


def parameter(template: Template, name: str, description: str, kind: str = "String") -> Ref:
    """A parameter that takes another stack's output, and the reference to it."""
    template.add_parameter(Parameter(name, Type=kind, Description=description))
    return Ref(name)


def security_group_parameter(template: Template, name: str, description: str) -> Ref:
    """A parameter that takes the id of a security group."""
    return parameter(template, name, description, "AWS::EC2::SecurityGroup::Id")


def output(template: Template, name: str, value: Any, description: str) -> None:
    """An output; another stack of the stage takes it as a parameter."""
    template.add_output(Output(name, Value=value, Description=description))


def stateful(stage: Stage | None) -> dict[str, str]:
    """Deletion rules of a resource that holds something; `None` stands for the account's foundation.

    The data of an ephemeral stage is deleted with it. Other data outlives its stack, unless the creation
    failed: then a leftover would block the next launch.
    """
    if stage is not None and stage.ephemeral:
        return {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
    return {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
