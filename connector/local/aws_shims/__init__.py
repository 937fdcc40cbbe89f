"""What MiniStack 1.5.33 drops and this system depends on, put back.

MiniStack is extended at its module functions, so its version is pinned exactly; each module here says what
is missing and why we need it, and tests/local/test_aws_types.py proves each piece against the running
server. What a shim cannot show is asserted on the rendered templates instead.
"""

import os
from pathlib import Path

from connector.local.aws import ENFORCE_CPU
from connector.local.aws_shims import (
    ecs_runtime,
    ecs_stability,
    ecs_templates,
    functions,
    iam,
    images,
    log_filters,
    msk_iam,
    secret_events,
    security_groups,
    stacks,
    subscriptions,
    taken_names,
    transport,
)
from connector.local.fargate import FargateRuntime
from connector.local.toolchain import JVM_OPTIONS


def install() -> FargateRuntime:
    """Extend the MiniStack of this process; the result runs its ECS tasks and must be closed at the end."""
    state = Path(os.environ["WMS_LOCAL_STATE"])
    runtime = FargateRuntime(
        connect_home=Path(os.environ["WMS_LOCAL_CONNECT_HOME"]),
        state=state,
        base_environment={
            **{name: os.environ[name] for name in ("PATH", "JAVA_HOME", "LANG") if name in os.environ},
            **({"JAVA_TOOL_OPTIONS": os.environ[JVM_OPTIONS]} if os.environ.get(JVM_OPTIONS) else {}),
        },
        enforce_cpu=os.environ.get(ENFORCE_CPU) == "1",
    )
    msk_iam.install(state)
    ecs_templates.install()
    ecs_stability.install()
    ecs_runtime.install(runtime)
    secret_events.install()
    security_groups.install()
    stacks.install()
    subscriptions.install()
    functions.install()
    iam.install()
    images.install()
    log_filters.install()
    taken_names.install()
    transport.install()
    return runtime
