"""The users as the engine knows them: by texts."""

import pytest


@pytest.fixture
def ann(ann: int) -> str:
    return str(ann)


@pytest.fixture
def bob(bob: int) -> str:
    return str(bob)


@pytest.fixture
def eve(eve: int) -> str:
    return str(eve)
