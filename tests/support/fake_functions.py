"""Deployed admin Lambdas, as boto3's client for Lambda sees them."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.domain.admin_api import Answer, State
from tests.support.fake_stage_aws import client_error


@dataclass
class FakeFunctions:
    """Function name -> the topics of its cluster, or why it cannot look."""

    clusters: Mapping[str, Sequence[str] | str]
    requests: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> Any:  # noqa: N803 - boto3's spelling
        request = json.loads(Payload)
        assert request["operation"] == "topic-names", "nothing else changes nothing"
        self.requests.append(request)
        found = self.clusters.get(FunctionName)
        if found is None:
            raise client_error("ResourceNotFoundException", "Function not found", "Invoke")
        if isinstance(found, str):
            answer = Answer(State.WAITING, found)
        else:
            answer = Answer(State.DONE, "seen", details={"topics": list(found)})
        return {"Payload": io.BytesIO(json.dumps(answer.to_payload()).encode())}
