"""A comparison of source and topics from outside: it is asked on until it is done, then cleared away."""

import uuid
from collections.abc import Callable
from dataclasses import replace

from connector.aws.admin_function import Clock
from connector.domain.admin_api import Answer, Operation, Request
from connector.domain.errors import ServerError, WmsError
from connector.domain.reconcile.run import ReconcileRequest
from connector.operations.procedure import Ask, Overdue, Refused, until_done
from connector.operations.signs import Show

Send = Callable[[Request], Answer]


def new_run() -> str:
    """A name for a run that no other has."""
    return uuid.uuid4().hex


def compare(stage: str, tables: tuple[str, ...], wanted: ReconcileRequest, send: Send, show: Show) -> Answer:
    """The report of a comparison. Whatever ends it, what it has made goes, or it is shown who clears it away.

    `wanted` names a run of its own. Raises `ServerError`.
    """
    request = Request(Operation.RECONCILE, stage=stage, tables=tables, reconcile=wanted)
    begun = False

    def ask(_: Operation) -> Answer:
        nonlocal begun
        answer = send(replace(request, reconcile=replace(wanted, begin=not begun)))
        begun = begun or answer.details.get("begun") is True
        return answer

    try:
        answer = _until_done(stage, request.operation, ask, show)
    except BaseException:
        try:
            clean(stage, wanted, send, show)
        except WmsError as error:
            # The first error is the one that counts, and it may be that of both.
            if begun:
                show(f"{error}; or clear it away later: wms-connector reconcile {stage} --clean")
        raise
    clean(stage, wanted, send, lambda _: None)
    return answer


def clean(stage: str, run: ReconcileRequest | None, send: Send, show: Show) -> Answer:
    """Clear away what the named run has left; None: what any has. Raises `ServerError`."""
    request = Request(Operation.RECONCILE_CLEAN, stage=stage, reconcile=run)
    return _until_done(stage, request.operation, lambda _: send(request), show)


def _until_done(stage: str, operation: Operation, ask: Ask, show: Show) -> Answer:
    try:
        return until_done(operation, ask, Clock(), show)
    except Refused as error:
        raise ServerError(f"{operation.value} {stage}: {error}") from None
    except Overdue as error:
        raise ServerError(f"{operation.value} {stage}: {error.summary}; run this again") from None
