"""Options of all tests."""

from __future__ import annotations

import pytest
from hypothesis import settings

# How fast is the business of scripts/bench; and a test that fails by chance tells the one who happens to run it nothing of their change.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("searching", deadline=None, max_examples=1_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-long", action="store_true", help="run the long tests too")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("searching" if config.getoption("--run-long") else "steady")
    config.addinivalue_line("markers", "long: takes minutes; runs with scripts/test --all")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--run-long"):
        for item in items:
            if "long" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="long: scripts/test --all"))
