import pytest

from connector.operations import outcome
from connector.sceptre import launches
from connector.sceptre import stack as glue
from hooks import admit


@pytest.fixture(autouse=True)
def new_run():
    """Each test is a Sceptre run of its own."""
    glue.SECRETS.clear()
    launches.forget()
    admit._admitted.clear()
    outcome.forget()
