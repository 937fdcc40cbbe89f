"""A Connect worker that behaves: it stores configs, validates, runs tasks, refuses as Connect does.

It stands behind the transport's one method, so that everything above the socket is the real code.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from lambda_src.clients.transport import NotConnected, Reply

REBALANCE = (
    "Cannot complete request momentarily due to no known leader URL, likely because a rebalance was underway."
)
_INVALID = (
    "Connector configuration is invalid and contains the following {count} error(s):\n{errors}\n"
    "You can also find the above list of errors at the endpoint "
    "`/connector-plugins/{{connectorType}}/config/validate`"
)


#: The heap of the worker, in bytes.
HEAP_BYTES = 1_000_000_000


@dataclass
class FakeConnect:
    """One or more workers of one Connect cluster, as an HTTP transport sees them."""

    addresses: list[str] = field(default_factory=lambda: ["127.0.0.9"])
    #: Answers to give before anything is looked at: (status, words), used up one by one.
    error: list[tuple[int, str]] = field(default_factory=list)
    #: The only method that meets the trouble; empty for any.
    error_for: str = ""
    #: Field -> message: what the plugin finds wrong with every config.
    invalid: dict[str, str] = field(default_factory=dict)
    #: Every config that was validated.
    validated: list[dict[str, str]] = field(default_factory=list)
    #: Answer 500 instead of 400 to an invalid config, as Connect 4.3.1 does with Debezium's plugins.
    breaks_on_invalid: bool = False
    #: What a task is when it starts, and what it says.
    task_state: str = "RUNNING"
    task_trace: str = ""
    #: Debezium's attributes by context; None when it has registered no MBean.
    debezium: dict[str, dict[str, float]] | None = field(
        default_factory=lambda: {
            "streaming": {
                "connected": 1.0,
                "millisecondsbehindsource": 1500.0,
                "millisecondssincelastevent": 7000.0,
                "queueremainingcapacity": 6144.0,
                "queuetotalcapacity": 8192.0,
                "numberofeventsinbuffer": 20_000.0,
            }
        }
    )
    #: What Connect counts of a task.
    counted: dict[str, float] = field(
        default_factory=lambda: {
            "source_task_source_record_active_count": 12.0,
            "task_error_total_record_errors": 0.0,
        }
    )
    configs: dict[str, dict[str, str]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    #: How many questions for a status are still answered with UNASSIGNED, as after a worker was replaced.
    unassigned: int = 0
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    #: Connectors that have stored an offset.
    offsets: set[str] = field(default_factory=set)
    #: The offset that they have stored.
    position: dict[str, Any] = field(default_factory=lambda: {"txSeq": 7})
    #: Offsets of one connector that are other ones: its name -> what it has stored.
    others: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: What happens when a connector has got a config.
    on_config: Callable[[str, dict[str, str]], object] = lambda _name, _config: None
    #: Offsets of the kind `jdbc` that are stored too: table -> timestamp in milliseconds.
    polled: dict[str, int] = field(default_factory=dict)
    #: By how much the database's SCN grows each time that the metrics are read, once it is in `debezium`.
    scn_step: float = 0
    #: Tasks stay a while after a stop.
    stops_slowly: bool = False
    #: Why offsets are not deleted: `a moment` (500) or `for good` (400).
    keeps_offsets: str = ""

    def request(self, method: str, url: str, body: bytes | None, timeout: float) -> Reply:
        assert timeout > 0
        parts = urlsplit(url)
        if parts.hostname not in self.addresses:
            raise NotConnected("connection refused", retriable=True)
        if parts.port == 9404:
            return Reply(200, self._metrics().encode())
        self.requests.append((method, parts.path))
        if self.error and self.error_for in ("", method):
            status, words = self.error.pop(0)
            return _refuse(status, words)
        return self._answer(method, parts.path, json.loads(body) if body else {})

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Requests that may change something."""
        return [(m, p) for m, p in self.requests if m != "GET" and not p.endswith("/validate")]

    def _answer(self, method: str, path: str, content: dict[str, Any]) -> Reply:
        routes: list[tuple[str, str, Callable[..., Reply]]] = [
            ("GET", r"/", self._root),
            ("GET", r"/connectors/([^/]+)/config", self._get_config),
            ("PUT", r"/connectors/([^/]+)/config", self._put_config),
            ("GET", r"/connectors/([^/]+)/status", self._status),
            ("POST", r"/connectors/([^/]+)/restart", self._restart),
            ("PUT", r"/connectors/([^/]+)/stop", self._stop),
            ("PUT", r"/connectors/([^/]+)/pause", self._pause),
            ("PUT", r"/connectors/([^/]+)/resume", self._resume),
            ("GET", r"/connectors/([^/]+)/offsets", self._get_offsets),
            ("PATCH", r"/connectors/([^/]+)/offsets", self._alter_offsets),
            ("DELETE", r"/connectors/([^/]+)/offsets", self._delete_offsets),
            ("POST", r"/connectors", self._create),
            ("DELETE", r"/connectors/([^/]+)", self._delete),
            ("PUT", r"/connector-plugins/([^/]+)/config/validate", self._validate),
        ]
        for wanted, pattern, act in routes:
            match = re.fullmatch(pattern, path)
            if match and method == wanted:
                names = map(unquote, match.groups())
                takes = method in ("PUT", "PATCH") or path == "/connectors"
                return act(*names, content) if takes else act(*names)
        return _refuse(404, "HTTP 404 Not Found")

    def _root(self) -> Reply:
        return _reply(200, {"version": "4.3.0", "commit": "x", "kafka_cluster_id": "cluster-1"})

    def _get_config(self, name: str) -> Reply:
        if name not in self.configs:
            return _refuse(404, f"Connector {name} not found")
        return _reply(200, self.configs[name])

    def _create(self, content: dict[str, Any]) -> Reply:
        """KIP-980: a connector that is created stopped has no task, a paused one has a paused task."""
        if content["name"] in self.configs:
            return _refuse(409, f"Connector {content['name']} already exists")
        reply = self._put_config(content["name"], content["config"])
        state = content.get("initial_state", "RUNNING")
        if reply.ok and state != "RUNNING":
            self.offsets.discard(content["name"])
            (self._stop if state == "STOPPED" else self._pause)(content["name"], {})
        return reply

    def _put_config(self, name: str, config: dict[str, str]) -> Reply:
        if self.invalid and self.breaks_on_invalid:
            return _refuse(500, 'Cannot invoke "ConfigValueInfo.errors()"')
        if self.invalid:
            errors = "\n".join(self.invalid.values())
            return _refuse(400, _INVALID.format(count=len(self.invalid), errors=errors))
        created = name not in self.configs
        self.configs[name] = {**config, "name": name}
        # The target state of a connector that is there stays (KIP-875).
        if self.states.get(name) not in ("PAUSED", "STOPPED"):
            self.states[name] = "RUNNING"
            self.offsets.add(name)
            self._start_task(name)
        self.on_config(name, config)
        stored = {"name": name, "config": self.configs[name], "tasks": [], "type": "source"}
        return _reply(201 if created else 200, stored)

    def _start_task(self, name: str) -> None:
        task = {"id": 0, "state": self.task_state, "worker_id": f"{self.addresses[0]}:8083"}
        self.tasks[name] = {**task, "trace": self.task_trace} if self.task_trace else task

    def _status(self, name: str) -> Reply:
        if name not in self.states:
            return _refuse(404, f"No status found for connector {name}")
        worker = f"{self.addresses[0]}:8083"
        state = "UNASSIGNED" if self.unassigned > 0 else self.states[name]
        self.unassigned -= 1
        connector = {"state": state, "worker_id": worker}
        tasks = [self.tasks[name]] if name in self.tasks else []
        return _reply(200, {"name": name, "connector": connector, "tasks": tasks, "type": "source"})

    def _restart(self, name: str) -> Reply:
        if self.states[name] == "FAILED":
            self.states[name] = "RUNNING"
        if self.tasks[name]["state"] == "FAILED":
            self._start_task(name)
        return _reply(202, {"name": name})

    def _pause(self, name: str, _content: object) -> Reply:
        self.states[name] = "PAUSED"
        if name not in self.tasks:
            self._start_task(name)
        if self.tasks[name]["state"] != "FAILED":
            self.tasks[name]["state"] = "PAUSED"
        return Reply(202, b"")

    def _resume(self, name: str, _content: object) -> Reply:
        self.states[name] = "RUNNING"
        if self.tasks.get(name, {}).get("state") != "FAILED":
            self._start_task(name)
        return Reply(202, b"")

    def _get_offsets(self, name: str) -> Reply:
        if name not in self.configs:
            return _refuse(404, f"Connector {name} not found")
        if name in self.others:
            return _reply(200, {"offsets": [self.others[name]]})
        pair = {"partition": {"server": "wms"}, "offset": self.position}
        stored = [pair] if name in self.offsets else []
        stored += [
            {"partition": {"protocol": "1", "table": table}, "offset": {"timestamp": moment}}
            for table, moment in self.polled.items()
        ]
        return _reply(200, {"offsets": stored})

    def _stop(self, name: str, _content: object) -> Reply:
        if name not in self.configs:
            return _refuse(404, f"Unknown connector {name}")
        self.states[name] = "STOPPED"
        if not self.stops_slowly:
            self.tasks.pop(name, None)
        return Reply(204, b"")

    def _alter_offsets(self, name: str, content: dict[str, Any]) -> Reply:
        if self.states[name] != "STOPPED" or name in self.tasks:
            return _refuse(400, "Connectors must be in the STOPPED state to have their offsets modified")
        self.position = content["offsets"][0]["offset"]
        self.offsets.add(name)
        return _reply(200, {"message": "The offsets for this connector have been altered successfully"})

    def _delete_offsets(self, name: str) -> Reply:
        if name not in self.configs:
            return _refuse(404, f"Connector {name} not found")
        if self.states[name] != "STOPPED" or name in self.tasks:
            return _refuse(400, "Connectors must be in the STOPPED state to have their offsets modified")
        if self.keeps_offsets:
            return _refuse(500 if self.keeps_offsets == "a moment" else 400, "the offsets cannot be modified")
        self.offsets.discard(name)
        self.others.pop(name, None)
        return _reply(200, {"message": "The offsets for this connector have been reset successfully"})

    def _delete(self, name: str) -> Reply:
        if self.configs.pop(name, None) is None:
            return _refuse(404, f"Connector {name} not found")
        self.states.pop(name, None)
        self.tasks.pop(name, None)
        return Reply(204, b"")

    def _validate(self, plugin: str, config: dict[str, str]) -> Reply:
        invalid = dict(self.invalid)
        self.validated.append(config)
        if "name" not in config:
            message = 'Missing required configuration "name" which has no default value.'
            invalid["name"] = message
        configs = [
            {
                "definition": {"name": key},
                "value": {"name": key, "value": config.get(key), "errors": _listed(invalid.get(key))},
            }
            for key in dict.fromkeys([*config, *invalid])
        ]
        return _reply(200, {"name": plugin, "error_count": len(invalid), "groups": [], "configs": configs})

    def _metrics(self) -> str:
        if self.debezium is None:
            return "# HELP jvm_threads_current Current thread count\njvm_threads_current 40.0\n"
        streaming = self.debezium.get("streaming", {})
        if "currentscn" in streaming:
            streaming["currentscn"] += self.scn_step
        of_tasks = "".join(
            f'kafka_connect_{what}{{connector="{name}",task="0"}} {value}\n'
            for name in self.tasks
            for what, value in self.counted.items()
        )
        heap = (
            f'jvm_memory_max_bytes{{area="heap",}} {HEAP_BYTES}\njvm_memory_max_bytes{{area="nonheap"}} -1\n'
            f'jvm_memory_pool_used_bytes{{pool="G1 Eden Space",}} {HEAP_BYTES / 5}\n'
            f'jvm_memory_pool_used_bytes{{pool="G1 Old Gen",}} {HEAP_BYTES / 50}\n'
            f'jvm_memory_pool_used_bytes{{pool="G1 Survivor Space",}} {HEAP_BYTES / 100}\n'
        )
        return (
            heap
            + of_tasks
            + "".join(
                f'debezium_metrics_{name}{{plugin="oracle",context="{context}",server="wms",}} {value}\n'
                for context, values in self.debezium.items()
                for name, value in values.items()
            )
        )


def _listed(message: str | None) -> list[str]:
    return [] if message is None else [message]


def _reply(status: int, content: object) -> Reply:
    return Reply(status, json.dumps(content).encode())


def _refuse(status: int, words: str) -> Reply:
    return _reply(status, {"error_code": status, "message": words})
