"""The inventories of other projects' pages agree with the list of objects."""

import zlib

import pytest

from docs.inventories.write_inventories import FOLDER, PROJECTS, make_inventory


def decompress(content):
    """Return the entries of an inventory."""
    *_, entries = content.split(b"\n", 4)
    return zlib.decompress(entries).decode()


@pytest.mark.parametrize("project", PROJECTS)
def test_inventories_are_up_to_date(project):
    # Versions of zlib may compress differently.
    written = decompress((FOLDER / f"{project}.inv").read_bytes())

    assert written == decompress(make_inventory(project)), (
        "Run python -m docs.inventories.write_inventories"
    )


def test_an_entry_has_the_address_of_the_object():
    entries = decompress(make_inventory("scikit-learn")).splitlines()

    name = "sklearn.preprocessing.StandardScaler"
    assert f"{name} py:class 1 modules/generated/{name}.html#{name} -" in entries
