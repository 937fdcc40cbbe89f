"""Kafka Connect's REST API (https://kafka.apache.org/documentation/#connect_rest).

What an answer means is decided by functions that open no socket; the transport is one method.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from connector.domain.capture.config import NAME_KEY
from connector.domain.capture.validation_errors import FieldError
from connector.domain.errors import ServerError
from connector.domain.health.observation import ConnectorStatus, TaskStatus
from lambda_src.clients.transport import NotConnected, Reply, Transport
from lambda_src.runtime.deadline import Deadline

#: While workers rebalance, Connect answers 409, or 500 when it could not ask its leader in time.
_PASSING = (408, 409, 429, 500, 502, 503, 504)
#: The status is 500 here too, but waiting does not add a plugin that is not in the image.
_NO_PLUGIN = "Failed to find any class that implements Connector"
#: Validation connects to the database; anything else is quick.
_QUICK_SECONDS = 8.0
#: Deleting offsets first fences the tasks' transactions.
_OFFSETS_SECONDS = 25.0


class ConnectError(ServerError):
    """Connect refused a request. `server_message` is Connect's own message, on several lines."""

    def __init__(
        self, message: str, *, status: int | None = None, retriable: bool = False, server_message: str = ""
    ) -> None:
        super().__init__(message, status=status, retriable=retriable)
        self.server_message = server_message


class Unreachable(ServerError):
    """No worker answered at all."""


def error_message(reply: Reply) -> str:
    """Connect's own message in a reply that is not 2xx."""
    try:
        content = json.loads(reply.body)
    except ValueError:
        content = None
    if isinstance(content, dict) and content.get("message"):
        return str(content["message"])
    text = reply.body.decode("utf-8", "replace").strip()
    return text[:200] if text and not text.startswith("<") else "no message"


def parse_reply(what: str, reply: Reply) -> Any:
    """The JSON of a 2xx reply; anything else is a `ConnectError`."""
    if not reply.ok:
        detail = error_message(reply)
        raise ConnectError(
            f"Connect answered {reply.status} to {what}: {detail}",
            status=reply.status,
            retriable=reply.status in _PASSING and _NO_PLUGIN not in detail,
            server_message=detail,
        )
    try:
        return json.loads(reply.body) if reply.body.strip() else None
    except ValueError:
        raise ConnectError(
            f"Connect answered {reply.status} to {what}, but the answer is not JSON", status=reply.status
        ) from None


def field_errors(content: Any) -> tuple[FieldError, ...]:
    """The errors in the answer of the validate endpoint, in its order, without repetition."""
    values = [entry.get("value") or {} for entry in content.get("configs", [])]
    found = [
        FieldError(str(value.get("name")), " ".join(str(message).split()))
        for value in values
        for message in value.get("errors") or []
    ]
    return tuple(dict.fromkeys(found))


def parse_status(content: Any) -> ConnectorStatus:
    """The answer of the status endpoint."""
    connector = content["connector"]
    tasks = (
        TaskStatus(int(task["id"]), task["state"], task.get("worker_id", ""), task.get("trace") or "")
        for task in content.get("tasks", [])
    )
    return ConnectorStatus(
        connector["state"], connector.get("worker_id", ""), connector.get("trace") or "", tuple(tasks)
    )


class Connect:
    """A Connect cluster, reached through whichever of its workers answers."""

    def __init__(self, urls: Sequence[str], transport: Transport, deadline: Deadline) -> None:
        self._urls = tuple(urls)
        self._transport = transport
        self._deadline = deadline

    def root(self) -> Mapping[str, Any]:
        """Version and Kafka cluster id: the sign that a worker is up."""
        content: Mapping[str, Any] = parse_reply("GET /", self._send("GET", "/"))
        return content

    def config(self, name: str) -> Mapping[str, str] | None:
        """The config that Connect stores for a connector, or None when there is no such connector."""
        reply = self._send("GET", f"/connectors/{quote(name)}/config")
        if reply.status == 404:
            return None
        content: Mapping[str, str] = parse_reply("reading the connector's config", reply)
        return content

    def put_config(self, name: str, config: Mapping[str, str], *, timeout: float) -> None:
        """Create the connector or update its config. Connect validates it first."""
        path = f"/connectors/{quote(name)}/config"
        parse_reply("the connector's config", self._send("PUT", path, config, timeout))

    def create(self, name: str, config: Mapping[str, str], state: str, *, timeout: float) -> None:
        """Create a connector that is PAUSED or STOPPED from the beginning (KIP-980, since Kafka 3.7)."""
        content = {"name": name, "config": dict(config), "initial_state": state}
        parse_reply("the connector's config", self._send("POST", "/connectors", content, timeout))

    def validate(self, name: str, config: Mapping[str, str], *, timeout: float) -> tuple[FieldError, ...]:
        """What Connect and the plugin find wrong with a config; empty when nothing."""
        path = f"/connector-plugins/{quote(config['connector.class'])}/config/validate"
        # Validation insists on the name, which registration gives in the URL.
        named = {**config, NAME_KEY: name}
        return field_errors(parse_reply("validating the config", self._send("PUT", path, named, timeout)))

    def status(self, name: str) -> ConnectorStatus | None:
        """State of connector and tasks; None while Connect knows none, as right after creation."""
        reply = self._send("GET", f"/connectors/{quote(name)}/status")
        if reply.status == 404:
            return None
        return parse_status(parse_reply("the connector's status", reply))

    def restart_failed(self, name: str) -> None:
        """Restart what has failed of a connector and its tasks, and nothing else.

        Sent once: a worker that answers too late may have restarted all the same, and a second request would
        be a second restart.
        """
        path = f"/connectors/{quote(name)}/restart?includeTasks=true&onlyFailed=true"
        parse_reply("restarting what failed", self._send("POST", path, once=True))

    def restart(self, name: str) -> None:
        """Restart a connector and its tasks, whatever their state; a paused or stopped one stays so.

        Sent once, as `restart_failed`.
        """
        path = f"/connectors/{quote(name)}/restart?includeTasks=true&onlyFailed=false"
        parse_reply("restarting the connector", self._send("POST", path, once=True))

    def pause(self, name: str) -> None:
        """Pause a connector, which keeps its tasks; done when its status says PAUSED."""
        parse_reply("pausing the connector", self._send("PUT", f"/connectors/{quote(name)}/pause"))

    def resume(self, name: str) -> None:
        """Resume a paused or stopped connector; done when its status says RUNNING."""
        parse_reply("resuming the connector", self._send("PUT", f"/connectors/{quote(name)}/resume"))

    def offsets(self, name: str) -> Sequence[Mapping[str, Any]] | None:
        """Where a connector is in its source: pairs of `partition` and `offset`; None without a connector."""
        reply = self._send("GET", f"/connectors/{quote(name)}/offsets", timeout=_OFFSETS_SECONDS)
        if reply.status == 404:
            return None
        content: Mapping[str, Any] = parse_reply("reading the connector's offsets", reply)
        return tuple(content.get("offsets") or ())

    def stop(self, name: str) -> None:
        """End a connector's tasks and keep its config and offsets; done when its status says STOPPED."""
        parse_reply("stopping the connector", self._send("PUT", f"/connectors/{quote(name)}/stop"))

    def alter_offsets(self, name: str, offsets: Sequence[Mapping[str, Any]]) -> None:
        """Replace offsets of a stopped connector (KIP-875, since Kafka 3.6): as `offsets` gives them."""
        path = f"/connectors/{quote(name)}/offsets"
        content = {"offsets": [dict(pair) for pair in offsets]}
        what = "changing the connector's offsets"
        parse_reply(what, self._send("PATCH", path, content, _OFFSETS_SECONDS))

    def delete_offsets(self, name: str) -> None:
        """Delete the offsets of a stopped connector."""
        path = f"/connectors/{quote(name)}/offsets"
        parse_reply("deleting the connector's offsets", self._send("DELETE", path, timeout=_OFFSETS_SECONDS))

    def delete(self, name: str) -> None:
        """Delete a connector; one that is gone already is fine. Its offsets stay."""
        reply = self._send("DELETE", f"/connectors/{quote(name)}")
        if reply.status != 404:
            parse_reply("deleting the connector", reply)

    def _send(
        self,
        method: str,
        path: str,
        content: Mapping[str, Any] | None = None,
        timeout: float = _QUICK_SECONDS,
        *,
        once: bool = False,
    ) -> Reply:
        """The reply of the first worker that answers; `Unreachable` with each one's reason otherwise.

        Workers share the time of a request: one that hangs leaves time for the next one. `once`: do not send
        a request that may have arrived to another worker.
        """
        body = None if content is None else json.dumps(dict(content)).encode()
        reasons = []
        for asked, url in enumerate(self._urls):
            share = self._deadline.left / (len(self._urls) - asked) if method == "GET" else timeout
            at_most = min(timeout, share)
            seconds = self._deadline.timeout(f"asking Connect at {url}", at_most=at_most)
            try:
                reply = self._transport.request(method, f"{url}{path}", body, seconds)
            except ServerError as error:
                reasons.append(f"{url}: {error}")
                if once and not isinstance(error, NotConnected):
                    break
            else:
                # Who answers is asked first from now on.
                self._urls = (url, *(other for other in self._urls if other != url))
                return reply
        message = "; ".join(reasons) or "no worker has an IP address yet"
        raise Unreachable(f"Connect does not answer ({message})", retriable=True)
