import pytest

from connector import launches, sceptre_glue
from connector.operations import outcome
from hooks import admit


@pytest.fixture(autouse=True)
def new_run():
    """Each test is a Sceptre run of its own."""
    sceptre_glue.SECRETS.clear()
    launches.forget()
    admit._admitted.clear()
    outcome.forget()
