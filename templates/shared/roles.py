"""Roles, all with the path and the permissions boundary that the account demands."""

from collections.abc import Sequence

from awacs.aws import PolicyDocument, Statement
from troposphere import Template
from troposphere.iam import Policy, Role

from templates.shared.settings import RoleSettings


def role(
    template: Template,
    title: str,
    *,
    settings: RoleSettings,
    trust: PolicyDocument,
    description: str,
    statements: Sequence[Statement],
) -> Role:
    """A role that `trust` may take; without statements it may do nothing, which is what most workers need."""
    policies = []
    if statements:
        document = PolicyDocument(Version="2012-10-17", Statement=list(statements))
        policies = [Policy(PolicyName=title, PolicyDocument=document)]
    return template.add_resource(
        Role(
            title,
            Description=description,
            Path=settings.iam_path,
            PermissionsBoundary=settings.permissions_boundary,
            AssumeRolePolicyDocument=trust,
            **({"Policies": policies} if policies else {}),
        )
    )
