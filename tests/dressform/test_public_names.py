"""The names of the package load on first use and leave the process as it was."""

from __future__ import annotations

import gc
import importlib

import pytest

import dressform


@pytest.mark.parametrize("collecting", [True, False])
def test_loading_a_name_leaves_the_collector_as_it_was(collecting: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    own = importlib.import_module

    def loading(name: str) -> object:
        seen.append(gc.isenabled())
        return own(name)

    monkeypatch.setattr(dressform.importlib, "import_module", loading)
    was = gc.isenabled()
    try:
        (gc.enable if collecting else gc.disable)()
        assert dressform.__getattr__("DressformError").__name__ == "DressformError"
        with pytest.raises(AttributeError, match="no attribute 'Dress'"):
            dressform.__getattr__("Dress")
        assert gc.isenabled() == collecting
    finally:
        (gc.enable if was else gc.disable)()
    assert seen == [False]


def test_the_collector_goes_on_after_an_import_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(dressform.importlib, "import_module", fails)
    with pytest.raises(ImportError):
        dressform.__getattr__("TryOn")
    assert gc.isenabled()
