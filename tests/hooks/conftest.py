import pytest

from connector.operations import stack_outcome
from connector.operations.turns import TURNS
from connector.sceptre import launches
from connector.sceptre import stack as sceptre_stack
from hooks import admit


@pytest.fixture(autouse=True)
def new_run():
    """Each test is a Sceptre run of its own."""
    sceptre_stack.SECRETS.clear()
    launches.LAUNCHES.forget()
    admit._admitted.clear()
    stack_outcome.forget()
    TURNS.forget()
