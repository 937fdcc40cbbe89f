"""ECS tasks that run: MiniStack's own lifecycle on top of the stand-in for Fargate.

Without Docker, MiniStack only pretends that tasks run. It is given our runtime in the Docker client's
place, and keeps deciding what runs. Put right around it:
- a task stops when its process has ended (MiniStack says STOPPED first and stops then);
- a deployment is complete when its tasks are healthy (MiniStack: one second after they started), and a
  service's first deployment starts IN_PROGRESS rather than COMPLETED;
- a task that keeps failing is started again with growing delay (MiniStack: at once);
- secrets are read through the API with the execution role's rights, JSON key, stage and version included;
- reasons and stop codes are worded as by ECS; a failed deployment names the worker's last error;
- the stop of a task and the failure of a deployment are events (`ecs_events`).
"""

# MiniStack is extended at functions that are private to it and whose signatures are given.
# ruff: noqa: SLF001, ARG002, ARG005, FBT001, FBT002, PLR0917, BLE001

import contextvars
import json
import time
from collections.abc import Mapping
from typing import Any

from connector.local.aws_shims import ecs_events, msk_iam
from connector.local.aws_shims._ministack import module
from connector.local.aws_shims.api import client_for_role
from connector.local.fargate import OUT_OF_MEMORY, FargateRuntime, Launch
from connector.local.health import HealthCheck

_HEALTH_WAIT_SECONDS = 0.1
_LONGEST_DELAY = 30.0

#: MiniStack's reasons for which ECS says "Scaling activity initiated by ...".
_SCHEDULER_REASONS = {
    "Service scaling down",
    "Deployment completed",
    "Task definition updated",
    "Deployment capacity limit",
    "Service deleted",
}

_definition: contextvars.ContextVar[Mapping[str, Any]] = contextvars.ContextVar("task_definition")


def install(runtime: FargateRuntime) -> None:
    """Give MiniStack the runtime and wrap the functions around it."""
    EcsRuntime(module("services.ecs"), runtime).install()


class EcsRuntime:
    """The wrapped functions, with what they share."""

    def __init__(self, ecs: Any, runtime: FargateRuntime) -> None:
        self.ecs = ecs
        self.runtime = runtime
        self.failures: dict[str, int] = {}
        self.original: dict[str, Any] = {}

    def install(self) -> None:
        """Replace the functions by the methods of the same name."""
        self.ecs._docker = self.runtime
        self.runtime.on_health = self.health_changed
        for name in (
            "_register_metadata",
            "_build_run_kwargs",
            "_resolve_container_secrets",
            "_start_task_worker",
            "_stop_task",
            "_mark_task_stopped",
            "_make_deployment",
            "_schedule_service_deployment_completion",
            "_record_service_task_failure",
        ):
            self.original[name] = getattr(self.ecs, name)
            setattr(self.ecs, name, getattr(self, name.lstrip("_")))
        # The image is a directory: there is no registry to ask for its digest.
        self.ecs._prepare_service_images = lambda task, definition, client: None
        self.ecs._deployment_needs_first_task = lambda deployment, definition, context=None: False

    # -- start ---------------------------------------------------------------

    def start_task_worker(self, task: Any, definition: Any, overrides: Any, client: Any) -> None:
        """Start after the delay that earlier failures of the same service call for."""
        _definition.set(definition)
        failed = self.failures.get(task.get("group", ""), 0)
        until = time.monotonic() + (min(2.0 ** (failed - 1), _LONGEST_DELAY) if failed else 0)
        while time.monotonic() < until and self.ecs._task_is_active(task["taskArn"], task):
            time.sleep(_HEALTH_WAIT_SECONDS)
        try:
            self.original["_start_task_worker"](task, definition, overrides, client)
        except Exception:
            self.runtime.release(task["taskArn"])
            raise

    def register_metadata(
        self,
        task_arn: str,
        cluster_arn: str,
        td: Any,
        cdef: Any,
        launch_type: str,
        env: dict[str, str],
        host_mode: bool,
        address: str | None,
    ) -> str:
        """The metadata endpoint is this server's; it answers the task's own address."""
        token: str = self.original["_register_metadata"](
            task_arn, cluster_arn, td, cdef, launch_type, env, True, None
        )
        # MiniStack's would be those of nobody; a task without a role gets none.
        env.pop("AWS_CONTAINER_CREDENTIALS_FULL_URI", None)
        env.pop("AWS_CONTAINER_AUTHORIZATION_TOKEN", None)
        if td.get("taskRoleArn"):
            env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = msk_iam.task_credentials(str(td["taskRoleArn"]))
        # Fargate sets no such variable: a worker must not find out that it runs locally.
        env.pop("AWS_ENDPOINT_URL", None)
        container = self.ecs.ecs_metadata._TOKEN_TO_CONTAINER[token]
        container["Networks"] = [
            {"NetworkMode": "awsvpc", "IPv4Addresses": [self.runtime.address(task_arn)], "AttachmentIndex": 0}
        ]
        return token

    def build_run_kwargs(
        self,
        cdef: Any,
        td: Any,
        env: Mapping[str, str],
        ports: Any,
        network: Any,
        host_mode: bool,
        task_id: str,
        task_arn: str,
        *_: Any,
    ) -> dict[str, Any]:
        """What our runtime wants to know instead of Docker's arguments."""
        region = self.ecs.get_region()
        memory = cdef.get("memory") or cdef.get("memoryReservation") or td.get("memory")
        group = self.ecs._tasks[task_arn].get("group", "")
        launch = Launch(
            task_arn=task_arn,
            service=group.partition(":")[2] or td.get("family", "task"),
            environment={"AWS_REGION": region, "AWS_DEFAULT_REGION": region, **env},
            secrets=frozenset(secret["name"] for secret in cdef.get("secrets", [])),
            memory_mib=int(memory) if memory else None,
            cpu_units=int(td["cpu"]) if td.get("cpu") else None,
            command=(*(cdef.get("entryPoint") or []), *(cdef.get("command") or [])),
            stop_timeout=int(cdef.get("stopTimeout") or 30),
            health_check=HealthCheck.from_api(cdef.get("healthCheck")),
        )
        return {"launch": launch}

    def resolve_container_secrets(self, cdef: Mapping[str, Any]) -> dict[str, str]:
        """Values of the container's secrets, or MiniStack's error, which names the secret and no value."""
        client = client_for_role("secretsmanager", str(_definition.get().get("executionRoleArn", "")))
        return {s["name"]: self._secret(client, s["name"], s["valueFrom"]) for s in cdef.get("secrets", [])}

    def _secret(self, client: Any, name: str, reference: str) -> str:
        parts = reference.split(":")
        key, stage, version = [*parts[7:], "", "", ""][:3]
        optional = {k: v for k, v in (("VersionStage", stage), ("VersionId", version)) if v}
        where = f"{reference} for environment variable {name}"
        try:
            value: str = client.get_secret_value(SecretId=":".join(parts[:7]), **optional)["SecretString"]
        except Exception as error:  # whatever it is, the task cannot start, as on ECS
            raise self.ecs._SecretResolutionError(f"unable to retrieve secret {where}: {error}") from None
        if not key:
            return value
        try:
            return str(json.loads(value)[key])
        except (ValueError, KeyError, TypeError):
            raise self.ecs._SecretResolutionError(
                f"retrieved secret did not contain json key {key}: {where}"
            ) from None

    # -- health and deployments ----------------------------------------------

    def make_deployment(self, definition: str, desired: int, status: str = "PRIMARY") -> dict[str, Any]:
        """A deployment of at least one task is not complete before it has run."""
        deployment: dict[str, Any] = self.original["_make_deployment"](definition, desired, status)
        if desired:
            deployment.update(rolloutState="IN_PROGRESS", rolloutStateReason="ECS deployment in progress.")
        return deployment

    def schedule_service_deployment_completion(
        self, cluster: str, service: str, account: str, region: str, healthy_task: Any = None
    ) -> None:
        """Let MiniStack evaluate the deployment once the task is healthy, not once it was started."""
        arguments = (cluster, service, account, region, healthy_task)
        if healthy_task is None:
            self.original["_schedule_service_deployment_completion"](*arguments)
            return

        def wait() -> None:
            with self.ecs.request_scope(account, region):
                while self.ecs._task_is_active(healthy_task["taskArn"], healthy_task):
                    if healthy_task.get("healthStatus") == "HEALTHY":
                        self.original["_schedule_service_deployment_completion"](*arguments)
                        return
                    time.sleep(_HEALTH_WAIT_SECONDS)

        self.ecs.spawn_background(wait, thread_name="wms-deployment")

    def health_changed(self, task_arn: str, healthy: bool) -> None:
        """Report it to ECS; a task that lost its health is stopped and, by the service, replaced."""
        _, _, _, region, account, _ = task_arn.split(":", 5)
        with self.ecs.request_scope(account, region):
            task = self.ecs._tasks.get(task_arn)
            if task is None:
                return
            task["healthStatus"] = "HEALTHY" if healthy else "UNHEALTHY"
            for container in task.get("containers", []):
                container["healthStatus"] = task["healthStatus"]
            if healthy:
                self.failures.pop(task.get("group", ""), None)
                return
            self._stop(task, "Task failed container health checks", "ServiceSchedulerInitiated")
            self.record_service_task_failure(task)

    def record_service_task_failure(self, task: Any, digest_resolution_failed: bool = False) -> None:
        """Count it for the delay, and put the worker's own message into a deployment that failed by it."""
        group = task.get("group", "")
        self.failures[group] = self.failures.get(group, 0) + 1
        self.original["_record_service_task_failure"](task, digest_resolution_failed)
        cluster = self.ecs._cluster_name_from_arn(task.get("clusterArn", ""))
        service = self.ecs._services.get(f"{cluster}/{group.partition(':')[2]}") or {}
        worker = self.runtime.of_task(task["taskArn"])
        for deployment in service.get("deployments", []):
            reason = deployment.get("rolloutStateReason", "")
            if deployment.get("rolloutState") == "FAILED" and "Last task:" not in reason:
                last = worker.last_error() if worker else ""
                words = " - ".join(filter(None, [task.get("stoppedReason", ""), last]))
                deployment["rolloutStateReason"] = f"{reason} Last task: {words}"
                # Once: after this the reason names the last task.
                ecs_events.deployment_failed(service, deployment)

    # -- stop ----------------------------------------------------------------

    def stop_task(self, data: Mapping[str, Any]) -> Any:
        """StopTask, and every stop by the service scheduler."""
        ecs = self.ecs
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        task = ecs._resolve_task(data.get("task", ""), cluster) if cluster is not None else None
        if task is None:
            return self.original["_stop_task"](data)
        reason, code = data.get("reason", "Task stopped by user"), "UserInitiated"
        if reason in _SCHEDULER_REASONS:
            reason = f"Scaling activity initiated by (deployment {task.get('_deployment_id')})"
            code = "ServiceSchedulerInitiated"
        self._stop(task, reason, code)
        return ecs.json_response({"task": ecs._sanitize(task)})

    def _stop(self, task: Any, reason: str, code: str) -> None:
        ecs, arn = self.ecs, task["taskArn"]
        worker = self.runtime.of_task(arn)
        if worker is None:
            self.mark_task_stopped(arn, task, reason, code)
            return
        with ecs.resource_lock("ecs-task", arn):
            if not ecs._task_is_active(arn, task):
                return
            ecs._bump_task_version(task)
            task.update(
                desiredStatus="STOPPED",
                lastStatus="STOPPING",
                stoppingAt=ecs._iso(),
                stoppedReason=reason,
                stopCode=code,
            )
        ecs.ecs_metadata.set_task_status(arn, desired_status="STOPPED")
        self._recount(task)

        def finish() -> None:
            worker.stop()
            code = worker.wait()["StatusCode"]
            with ecs.resource_lock("ecs-task", arn):
                ecs._bump_task_version(task)
                task.update(lastStatus="STOPPED", stoppedAt=ecs._iso(), executionStoppedAt=ecs._iso())
                for container in task.get("containers", []):
                    container.update(lastStatus="STOPPED", exitCode=code)
            ecs_events.task_stopped(ecs._sanitize(task))
            self._recount(task)
            ecs._cleanup_task_resources(task, self.runtime)

        ecs.spawn_background(finish, thread_name="wms-stop")

    def mark_task_stopped(
        self, arn: str, task: Any, reason: str, code: str, exit_code: int | None = None
    ) -> bool:
        """ECS's message for a container that ended by itself."""
        if reason == "Essential container exited":
            reason = "Essential container in task exited"
            worker = self.runtime.of_task(arn)
            if worker is not None and worker.out_of_memory:
                for container in task.get("containers", []):
                    container["reason"] = OUT_OF_MEMORY
        stopped = bool(self.original["_mark_task_stopped"](arn, task, reason, code, exit_code))
        if stopped:
            ecs_events.task_stopped(self.ecs._sanitize(task))
        return stopped

    def _recount(self, task: Any) -> None:
        cluster = self.ecs._cluster_name_from_arn(task.get("clusterArn", ""))
        if cluster:
            self.ecs._recount_cluster(cluster)
            self.ecs._refresh_service_state(cluster, task.get("group", ""))
