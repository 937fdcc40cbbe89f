"""Roles, all with the path and the permissions boundary that the account demands, and their policies.

A role's rights are managed policies: the NIST rule IAMNoInlinePolicy refuses inline ones. The role names its
policies (`ManagedPolicyArns`), not a policy its role: so CloudFormation makes the policies first, then the
role with all of them attached, and only then what takes the role; and it deletes in the opposite order. A
policy that named its role would be attached at some time after the role, perhaps after a function's first
call.
"""

from collections.abc import Mapping, Sequence

from awacs.aws import PolicyDocument, Statement
from troposphere import Ref, Template
from troposphere.iam import ManagedPolicy, Role

from connector.domain.stage.aws_names import RolePart
from templates.shared.settings import RoleSettings

#: IAM: a managed policy has at most this many characters, white space not counted
#: (IAM user guide, "IAM and AWS STS quotas").
MAX_POLICY_CHARACTERS = 6144

#: Part of a role's rights -> its statements. A part is one word, which stands in its policy's logical id, or
#: empty. Each is a policy of its own: together they may be too long for one.
Rights = Mapping[str, Sequence[Statement]]


def role(
    template: Template,
    title: str,
    *,
    named: RolePart,
    settings: RoleSettings,
    trust: PolicyDocument,
    description: str,
    rights: Rights,
) -> Role:
    """A role that `trust` may take; without statements it may do nothing, which is what most workers need.

    `named` is what a deployer's policy knows it by.
    """
    policies = [
        template.add_resource(
            ManagedPolicy(
                f"{title.removesuffix('Role')}{part}Policy",
                ManagedPolicyName=settings.names.role(named, settings.iam_path, part),
                # Create-only, and the name is fixed: another text would fail, so it names no detail.
                Description=f"wms-connector {settings.stage}: rights of {title}",
                Path=settings.iam_path,
                PolicyDocument=PolicyDocument(Version="2012-10-17", Statement=list(statements)),
            )
        )
        for part, statements in rights.items()
        if statements
    ]
    return template.add_resource(
        Role(
            title,
            RoleName=settings.names.role(named, settings.iam_path),
            Description=description,
            Path=settings.iam_path,
            PermissionsBoundary=settings.permissions_boundary,
            AssumeRolePolicyDocument=trust,
            **({"ManagedPolicyArns": [Ref(policy) for policy in policies]} if policies else {}),
        )
    )
