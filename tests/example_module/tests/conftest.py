import pytest
from ebok_basen import plugin


@pytest.fixture
def modules():
    return [plugin]
