from gatewatch.catalogue.outcomes import HttpStatus
from gatewatch.protocol.errors import OAUTH_ERRORS


def test_every_code_has_a_status_that_is_counted():
    assert set() == {str(status) for status in OAUTH_ERRORS.values()} - set(HttpStatus)
