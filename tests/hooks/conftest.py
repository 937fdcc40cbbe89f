import pytest

from connector import sceptre_glue
from hooks import admit, outcome


@pytest.fixture(autouse=True)
def new_run():
    """Each test is a Sceptre run of its own."""
    sceptre_glue.SECRETS.clear()
    admit._admitted.clear()
    outcome._BEFORE.clear()
