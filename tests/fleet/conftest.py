"""Fixtures of a fleet: where its simulated accounts are."""

import pytest

from tests.fleet import accounts


@pytest.fixture
def known(tmp_path, monkeypatch):
    """Return the file that names the simulated accounts to the functions of a fleet."""
    path = tmp_path / "accounts.json"
    monkeypatch.setenv(accounts.VARIABLE, str(path))
    return path
