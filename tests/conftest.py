"""What holds for all tests."""

import pytest
from hypothesis import settings

# Before anything imports them: pages are made from some of them.
pytest.register_assert_rewrite("tests.gateway.features", "tests.gateway.vendors", "tests.gateway.sdks")

# How long an example takes says more of the machine than of the code.
settings.register_profile("casecraft", deadline=None)
settings.load_profile("casecraft")
