"""Every module of the product has a test: one that mirrors its path, or one that imports it."""

from __future__ import annotations

from pathlib import Path

from tests.structure.modules import ROOT, imported_by_tests, imports, modules

WITHOUT_TEST = {
    "causeway_airflow.pages.mounted",  # loaded by the API server, which tests/e2e asks
    "causeway_airflow.results",  # types alone
}
#: Rooms of the local AWS that are tried through the rooms beside them.
WITHOUT_TESTS_OF_THEIR_OWN = {
    "localaws.identity.authorisation.needs",  # what each call needs: by the authorisation's tests
    "localaws.kit",  # what services build on: by each service's tests
    "localaws.sagemaker.search",  # by the tests of what it finds: registry, feature store
}


def modules_with_tests() -> set[str]:
    """Return the modules that a test mirrors or imports, and those that they import in turn."""
    reached = {
        name
        for name, module in modules().items()
        if module.mirror.exists() or name in imported_by_tests()
    }
    ahead = list(reached)
    while ahead:
        imported = imports(modules()[ahead.pop()].path) & modules().keys()
        ahead += imported - reached
        reached |= imported
    return reached


def test_every_module_of_domain_adaptors_and_stack_has_a_test_or_serves_one_that_has() -> None:
    product = {name for name, module in modules().items() if module.package != "localaws"}
    assert product - modules_with_tests() <= WITHOUT_TEST


def test_every_room_of_the_local_aws_has_tests() -> None:
    # They speak to the services as clients do: they import a client, not the service.
    rooms = {module.path.parent for module in modules().values() if module.package == "localaws"}
    missing = {
        ".".join(room.relative_to(ROOT / "include").parts)
        for room in rooms
        if not _has_tests(ROOT / "tests" / room.relative_to(ROOT / "include"))
    }
    assert missing <= WITHOUT_TESTS_OF_THEIR_OWN


def _has_tests(mirror: Path) -> bool:
    """Tell whether a folder of tests, or a file of that name beside it, is there."""
    return any(mirror.rglob("test_*.py")) or mirror.with_name(f"test_{mirror.name}.py").exists()
