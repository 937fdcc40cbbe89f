"""IAM as MSK asks it: who signed a login, and what that role may do with a topic.

MSK checks the signature of a client's login and then the role's policies for each request (Amazon MSK
developer guide, "IAM access control" and "Semantics of IAM authorization policy actions and resources").
The brokers of the local world ask this server, which answers from MiniStack's sessions and policies. The
signature is computed anew with botocore, which neither the worker's client nor the functions' shares.

A task gets its role's credentials here too: MiniStack answers made-up ones, of nobody.

It cannot show: MSK's limits on connections, session expiry, and how long a changed policy takes to arrive.
"""

# MiniStack is extended at functions that are private to it and whose signatures are given.
# ruff: noqa: SLF001

import datetime as dt
import json
import os
import threading
import uuid
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from connector.local.aws import MSK_IAM_FILE
from connector.local.aws_shims._ministack import module
from connector.local.aws_shims.api import role_credentials

_ACTION = "kafka-cluster:Connect"
#: How old a login may be, in seconds: MSK refuses it later (README of aws-msk-iam-auth).
_OLDEST = 900
_roles: dict[str, str] = {}


class LoginRefused(Exception):
    """A login that MSK would refuse; the text says why and holds no key."""


def install(state: Path) -> None:
    """Start the server; the brokers find it through a file."""
    server = _Server(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True, name="msk-iam").start()
    file = state / MSK_IAM_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    os.environ["WMS_LOCAL_MSK_IAM"] = f"http://127.0.0.1:{server.server_port}"
    file.write_text(os.environ["WMS_LOCAL_MSK_IAM"], encoding="ascii")


def task_credentials(role_arn: str) -> str:
    """A URI at which a task finds the credentials of its role."""
    name = str(uuid.uuid4())
    _roles[name] = role_arn
    return f"{os.environ['WMS_LOCAL_MSK_IAM']}/credentials/{name}"


def authenticate(payload: Mapping[str, Any]) -> str:
    """The ARN of the principal whose key signed a login. Raises LoginRefused."""
    wanted = {"version": "2020_10_22", "action": _ACTION, "x-amz-algorithm": "AWS4-HMAC-SHA256"}
    for key, value in {**wanted, "x-amz-signedheaders": "host"}.items():
        if payload.get(key) != value:
            raise LoginRefused(f"{key} is {payload.get(key)!r}, not {value!r}")
    access, _, scope = str(payload["x-amz-credential"]).partition("/")
    date, region, service, terminator = scope.split("/")
    if (service, terminator) != ("kafka-cluster", "aws4_request"):
        raise LoginRefused(f"the credential's scope is {scope}")
    signed = dt.datetime.strptime(str(payload["x-amz-date"]), "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    age = (dt.datetime.now(dt.UTC) - signed).total_seconds()
    if not -60 <= age <= min(int(payload["x-amz-expires"]), _OLDEST) or not date == f"{signed:%Y%m%d}":
        raise LoginRefused(f"the login was signed {age:.0f} s ago")
    evaluator = module("core.iam_evaluator")
    found = evaluator.resolve_credential(access, session_token=payload.get("x-amz-security-token"))
    if not hasattr(found, "principal_arn"):
        raise LoginRefused(f"{found.code}: {found.message}")
    keys = Credentials(access, found.secret_access_key, payload.get("x-amz-security-token"))
    if _signature(keys, str(payload["host"]), region, signed, payload) != payload.get("x-amz-signature"):
        raise LoginRefused("the signature does not match")
    return str(found.principal_arn)


class _Signer(SigV4QueryAuth):
    """Signs for a moment that is given."""

    def signature_at(self, request: AWSRequest, moment: str) -> str:
        """The signature of a presigned request, in hexadecimal digits."""
        request.context["timestamp"] = moment
        self._modify_request_before_signing(request)  # type: ignore[attr-defined]
        return str(self.signature(self.string_to_sign(request, self.canonical_request(request)), request))


def _signature(
    keys: Credentials, host: str, region: str, signed: dt.datetime, payload: Mapping[str, Any]
) -> str:
    """What a login's signature must be, as botocore presigns a URL."""
    signer = _Signer(keys, "kafka-cluster", region, expires=int(payload["x-amz-expires"]))
    request = AWSRequest("GET", f"https://{host}/?Action={quote(_ACTION, safe='')}")
    return signer.signature_at(request, signed.strftime("%Y%m%dT%H%M%SZ"))


def allowed(principal: str, action: str, resource: str) -> bool:
    """Whether the policies of a principal's role allow an action; the account's root may do everything."""
    if principal.endswith(":root"):
        return True
    evaluator = module("core.iam_evaluator")
    account, role = principal.split(":")[4], principal.split("/")[1]
    context = evaluator.EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=module("core.responses").get_region(),
    )
    policies = evaluator._gather_role_policies(role, account)
    return bool(evaluator.evaluate(context, policies).decision == "Allow")


class _Server(ThreadingHTTPServer):
    """A broker asks for many topics at once; with a queue of 5, the default, some would not be answered."""

    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    """`POST /authenticate`, `POST /authorize`, `GET /credentials/<id>`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if urlsplit(self.path).path == "/authenticate":
            try:
                self._answer(200, authenticate(body))
            except (LoginRefused, KeyError, ValueError) as error:
                self._answer(403, str(error))
            return
        yes = allowed(body["principal"], body["action"], body["resource"])
        self._answer(200 if yes else 403, "")

    def do_GET(self) -> None:
        role = _roles.get(self.path.rpartition("/")[2])
        if role is None:
            self._answer(404, "")
            return
        keys = role_credentials(role)
        expires = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
        document = {
            "AccessKeyId": keys["aws_access_key_id"],
            "SecretAccessKey": keys["aws_secret_access_key"],
            "Token": keys["aws_session_token"],
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "RoleArn": role,
        }
        self._answer(200, json.dumps(document))

    def log_message(self, *_: Any) -> None:
        """Say nothing: the path of a credential is a credential."""

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
