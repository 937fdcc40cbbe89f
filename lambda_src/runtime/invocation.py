"""What every invocation of a function starts with: its context, redactor, log, environment and deadline."""

import logging
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from connector.domain.secrets.redactor import Redactor
from lambda_src.runtime.deadline import Deadline
from lambda_src.runtime.environment import Environment
from lambda_src.runtime.logs import invocation_logger


class Context(Protocol):
    """The part of the Lambda context that is used here."""

    aws_request_id: str

    @property
    def invoked_function_arn(self) -> str: ...

    def get_remaining_time_in_millis(self) -> int: ...


@dataclass(frozen=True)
class Invocation:
    """One invocation. Its log redacts what is added to its redactor."""

    context: Context
    redactor: Redactor
    log: logging.Logger

    @classmethod
    def of(cls, context: Context) -> "Invocation":
        """From the context that Lambda gives. Raises nothing, so that any later error can be logged."""
        redactor = Redactor()
        stage = os.environ.get("STAGE", "")
        log = invocation_logger(redactor, stage=stage, request=context.aws_request_id)
        return cls(context, redactor, log)

    @cached_property
    def environment(self) -> Environment:
        """The function's configuration. Raises `OperatorError` when it is not complete."""
        return Environment.parse(os.environ)

    @property
    def request_id(self) -> str:
        """The id that each line of the log has."""
        return self.context.aws_request_id

    @property
    def function_arn(self) -> str:
        """The function that was invoked."""
        return self.context.invoked_function_arn

    @property
    def account(self) -> str:
        """The account of the function."""
        return self.function_arn.split(":")[4]

    def deadline(self, *, spare: float, at_most: float = math.inf) -> Deadline:
        """`spare` seconds before Lambda ends the invocation, and no later than `at_most` seconds from now."""
        limit = self.context.get_remaining_time_in_millis() / 1000 - spare
        return Deadline.within(min(at_most, limit))

    def log_result(self, summary: str, facts: Mapping[str, Any], *, failed: bool) -> None:
        """Log what came of the invocation: at ERROR when a person must act."""
        (self.log.error if failed else self.log.info)(summary, extra={"facts": facts})
