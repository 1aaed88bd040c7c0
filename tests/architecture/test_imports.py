"""Doors between slices that import-linter's contracts leave open."""

from pathlib import Path

import grimp

import gatewatch

SOURCE = Path(gatewatch.__file__).parent
ANATOMY = {"__init__.py", "rules.py", "store.py", "service.py", "endpoint.py", "pages.py"}
DRAWERS = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py", "manager.py"}


def test_a_store_is_imported_only_from_its_own_slice() -> None:
    graph = grimp.build_graph("gatewatch")
    strangers = {
        (importer, store)
        for store in graph.modules
        if store.endswith(".store")
        for importer in graph.find_modules_that_directly_import(store)
        if importer.rpartition(".")[0] != store.rpartition(".")[0]
    }
    assert strangers == set()


def test_a_slice_has_no_fifth_file() -> None:
    slices = [
        path
        for tier in ("identity", "oauth", "tenancy", "watch")
        for path in (SOURCE / tier).glob("*/")
        if path.name != "__pycache__"
    ]
    assert slices
    strangers = {
        str(file.relative_to(SOURCE))
        for folder in slices
        for file in folder.glob("*.py")
        if file.name not in ANATOMY
    }
    assert strangers == set()


def test_nothing_is_kept_in_a_drawer() -> None:
    assert {path for path in SOURCE.rglob("*.py") if path.name in DRAWERS} == set()
