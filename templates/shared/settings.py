"""Settings models: the outside values of a template, parsed once, with unknown keys refused by a message."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from sceptre.exceptions import SceptreException

from connector.domain.admin_api import MOST_WORKERS
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.secrets import keys
from connector.domain.stage.aws_names import Names
from connector.domain.stage.stage import Stage


class Settings(BaseModel):
    """The base of all settings: frozen, and a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _admitted(text: str) -> str:
    try:
        return Stage.parse(text).name
    except OperatorError as error:
        raise ValueError(str(error)) from None


def shaped(pattern: str, expected: str) -> AfterValidator:
    """For a text that matches `pattern` as a whole; `expected` says in words what that is."""
    shape = re.compile(pattern)

    def check(text: str) -> str:
        if not shape.fullmatch(text):
            raise ValueError(f"expected {expected}, not {text!r}")
        return text

    return AfterValidator(check)


#: Retentions that CloudWatch Logs knows, in days.
LogRetention = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 3653
]

#: How many workers a stage has. With 0 it stands still, and keeps its position.
DesiredCount = Annotated[int, Field(ge=0, le=MOST_WORKERS)]

#: How often the health check runs, in minutes. With a longer interval the three restarts of an hour would
#: never be used up: AutoRestartBudgetExceeded could not go off, and a failure would be mailed hours late.
HealthMinutes = Annotated[int, Field(ge=1, le=20)]

#: An IPv4 CIDR block: security groups need blocks, `connector.domain` has hosts.
Cidr = Annotated[
    str,
    shaped(r"\d{1,3}(\.\d{1,3}){3}/([0-9]|[12][0-9]|3[0-2])", "IPv4 CIDR blocks like 10.20.0.0/16"),
]

#: ARN of a KMS key; not of an alias, which names no key in a policy.
KeyArn = Annotated[
    str,
    shaped(
        r"arn:[\w-]+:kms:[a-z0-9-]+:\d{12}:key/[\w-]+",
        "ARNs of KMS keys like arn:aws:kms:<region>:<account>:key/<id> (a role's policy knows no alias)",
    ),
]


#: Where people read the docs: an address of http or https without blanks, or nothing.
DocsUrl = Annotated[str, Field(pattern=r"^(https?://[^\s\"'<>$]+)?$", max_length=200)]
#: What that setting is.
DOCS_URL = (
    "The address of the directory docs, to which mails link; empty: they name the file in the repository."
)


class StageSettings(Settings):
    """The settings of every stack of a stage."""

    stage: Annotated[str, AfterValidator(_admitted)] = Field(
        description="The stage, exactly as its directory below config/ is written. Cannot be changed after "
        "creation: every name comes from it."
    )

    @property
    def parsed_stage(self) -> Stage:
        """The stage as the core knows it."""
        return Stage(self.stage)

    @property
    def names(self) -> Names:
        """The stage's AWS names."""
        return self.parsed_stage.names


class ConnectorKindSettings(StageSettings):
    """The settings of a stack that depends on the connector."""

    connector: dict[str, Any] = Field(
        default_factory=dict,
        description="The connector's settings, see connector.domain.capture.settings.ConnectorSettings.",
    )

    @field_validator("connector")
    @classmethod
    def _connector_is_known(cls, values: dict[str, Any]) -> dict[str, Any]:
        try:
            ConnectorSettings.parse(values)
        except OperatorError as error:
            raise ValueError(str(error)) from None
        return values

    @property
    def connector_settings(self) -> ConnectorSettings:
        """The connector's settings as the core knows them."""
        return ConnectorSettings.parse(self.connector)


class RoleSettings(StageSettings):
    """Further settings of a stack that makes roles."""

    iam_path: str = Field(
        pattern=r"^/([\x21-\x2e\x30-\x7e]+/)*$",
        description="IAM path of every role, from the secret iam/path. Changing it replaces the roles.",
    )
    permissions_boundary: str = Field(
        pattern=r"^arn:[\w-]+:iam::(\d{12}|aws):policy/[\w+=,.@/-]+$",
        description="ARN of the policy that bounds every role, from the secret iam/permissionsBoundary.",
    )


class SecretKeysSettings(Settings):
    """Further settings of a stack whose roles read secrets."""

    secrets_key_arns: tuple[KeyArn, ...] = Field(
        default=(),
        max_length=keys.MOST_KEYS,
        description="The account's own KMS keys under which secrets of the stage are encrypted, by ARN. "
        "Without any, the secrets are under the foundation's key or aws/secretsmanager.",
    )


class DatabaseSettings(Settings):
    """The source database as far as templates may know it; made by the resolver `!database`."""

    endpoints: tuple[tuple[str, int], ...] = Field(
        min_length=1, description="Host (name or address) and port of each listener."
    )
    user_key: str = Field(description="The JSON key of the secret under which ECS finds the user name.")
    password_key: str = Field(description="The JSON key of the secret under which ECS finds the password.")
    secret_arn: str = Field(description="ARN of the secret dbInfo that is in force for the stage.")
    secret_version: str = Field(description="Its version that workers get: another one replaces them.")


class AlbTlsSettings(Settings):
    """Which certificate the load balancer shows; made by the resolver `!alb_tls` where its secret exists."""

    certificate_arn: str | None = Field(
        default=None,
        pattern=r"^arn:[\w-]+:acm:",
        description="ARN of a certificate in ACM for the stage's Connect host.",
    )
    certificate_authority_arn: str | None = Field(
        default=None,
        pattern=r"^arn:[\w-]+:acm-pca:",
        description="ARN of the private authority that issues the certificate, where none is given.",
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> "AlbTlsSettings":
        if (self.certificate_arn is None) == (self.certificate_authority_arn is None):
            raise ValueError("give exactly one of certificate_arn and certificate_authority_arn")
        return self


S = TypeVar("S", bound=Settings)


def parse_settings(model: type[S], user_data: Mapping[str, Any] | None) -> S:
    """`user_data` as a `model`; the first thing wrong is raised as a one-line `SceptreException`."""
    try:
        return model.model_validate(dict(user_data or {}))
    except ValidationError as error:
        raise SceptreException(f"{model.__name__}: {_in_words(model, error)}") from None


#: Of a list's length: pydantic's word -> ours.
_BOUNDS = {"max_length": "at most", "min_length": "at least"}


def _in_words(model: type[Settings], error: ValidationError) -> str:
    # An unknown key comes first: a misspelt one is reported missing as well, which would mislead.
    problems = sorted(error.errors(include_url=False), key=lambda p: p["type"] != "extra_forbidden")
    problem = problems[0]
    place = ".".join(str(part) for part in problem["loc"]) or "settings"
    if problem["type"] == "extra_forbidden":
        return f"unknown setting {place!r}; known: {', '.join(_known(model, problem['loc'][:-1]))}"
    if problem["type"] == "missing":
        return f"setting {place!r} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "tuple_type":
        # Python's word for it; in a stage's config.yaml it is a list.
        example = f" like [{problem['input']}]" if isinstance(problem["input"], str) else ""
        message = f"expected a list{example}"
    elif problem["type"] in ("too_long", "too_short"):
        bound, number = next((k, v) for k, v in problem["ctx"].items() if k in _BOUNDS)
        message = f"expected {_BOUNDS[bound]} {number} in the list"
    if problem["loc"] and problem["type"] != "value_error":
        message = f"{message}, not {problem['input']!r}"
    return f"{place}: {message}" if problem["loc"] else message


def _known(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """The keys that are known at a place inside the settings."""
    for part in place:
        inner = model.model_fields[str(part)].annotation if str(part) in model.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        model = inner
    return sorted(model.model_fields)
