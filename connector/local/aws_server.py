"""The embedded AWS: MiniStack with our shims, as one process. Run as `python -m connector.local.aws_server`.

Everything it needs is in its environment, which `aws.start` sets: its defaults (every interface, a fixed
port, the machine's temporary directory) are not safe where two checkouts run side by side.
"""

import os
import sys


def main() -> None:
    """Serve until SIGTERM; the workers that stand in for Fargate tasks end with it."""
    missing = [
        name
        for name in ("BIND_HOST", "GATEWAY_PORT", "TMPDIR", "WMS_LOCAL_STATE")
        if not os.environ.get(name)
    ]
    if missing:
        sys.exit(f"do not start this directly: {', '.join(missing)} not set; use `wms-connector local up`")
    # Imported only now: MiniStack reads its environment while it is imported.
    import importlib  # noqa: PLC0415

    from connector.local import aws_shims  # noqa: PLC0415

    runtime = aws_shims.install()
    sys.argv = [sys.argv[0]]
    try:
        importlib.import_module("ministack.app").main()
    finally:
        runtime.close()


if __name__ == "__main__":
    main()
