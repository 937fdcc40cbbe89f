"""A task metadata endpoint as ECS gives every container (version 4), on loopback."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def metadata_endpoint(address: str, *, attached_after: int = 0) -> Iterator[str]:
    """Its URI, as in ECS_CONTAINER_METADATA_URI_V4. The first `attached_after` answers lack the network."""
    asked = 0

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal asked
            asked += 1
            networks = [
                {
                    "NetworkMode": "awsvpc",
                    "IPv4Addresses": [address],
                    "SubnetGatewayIpv4Address": "10.0.0.1/24",
                },
                {"NetworkMode": "awsvpc", "IPv4Addresses": ["10.9.9.9"]},
            ]
            document = {"DockerId": "0", "Labels": {}, "Networks": networks if asked > attached_after else []}
            content = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v4/0"
        finally:
            server.shutdown()
            thread.join()
