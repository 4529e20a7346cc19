"""One web server for all races that need a whole product: the rows change with every test, and it keeps none of them."""

from collections.abc import Iterator

import pytest

from tests.programs import Programs, running


@pytest.fixture(scope="package")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    with running(tmp_path_factory.mktemp("web"), "web") as programs:
        yield programs
