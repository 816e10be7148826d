"""Sources of sequences that are read from storage, a part at a time.

Each source is read as often as needed. Its parts, such as the row groups of Parquet
files, have names that error messages use.
"""

import contextlib
from typing import NamedTuple

from sklearn_seqembed._data.arrow_types import is_list, is_number, is_string
from sklearn_seqembed._data.refusals import list_classes

# Largest number of bytes of a table that is read from a Parquet file, before they are
# compressed. Rows with long sequences are read a few at a time.
CHUNK_BYTES = 2**26

CHECK_FILE = "Check that the file is complete and undamaged."
# The libraries that run queries do not say which file and row they read.
SCAN_FILES = (
    "If the query reads Parquet files, pass their folder or paths to scan_sequences, "
    "whose errors name the file and the row group."
)


class Part(NamedTuple):
    """A part of a source that can be read on its own.

    Attributes
    ----------
    place : str
        Name of the part, for error messages.
    n_rows : int or None
        Number of rows, None if it is only known after reading.
    read : callable
        Returns an iterator of pyarrow Tables.
    remedy : str, default=""
        A sentence for error messages, that says how to find the place more exactly.
    """

    place: str
    n_rows: int | None
    read: object
    remedy: str = ""


def find_source(X):
    """Return the source that reads an object, or None if it is no source.

    Parameters
    ----------
    X : object
        A pyarrow Dataset, a polars LazyFrame, a duckdb relation, or anything else.
    """
    for name, source in SOURCES.items():
        if name in list_classes(X):
            return source(X)
    return None


class DatasetSource:
    """A pyarrow Dataset: the row groups of Parquet files, or other files.

    Parameters
    ----------
    dataset : pyarrow Dataset
        The dataset.
    """

    def __init__(self, dataset):
        self.dataset = dataset

    @property
    def schema(self):
        """The pyarrow Schema of all columns."""
        return self.dataset.schema

    def list_parts(self, columns, chunk_rows, *, is_given):
        """List the parts, after comparing the columns of all files.

        Parameters
        ----------
        columns : list of str
            Columns to read.
        chunk_rows : int
            Largest number of rows of a table.
        is_given : bool
            Whether the user chose them, so that files may have others.

        Returns
        -------
        list of Part
            One for each row group, or for each file that is not Parquet.

        Raises
        ------
        ValueError
            If a file is damaged, lacks a column, or has others than the first one, or
            columns of other types.
        """
        first, schema, found = None, self.schema, []
        try:
            fragments = list(self.dataset.get_fragments())
        except ValueError as exc:  # pyarrow has none of filtered datasets
            raise ValueError(
                f"The dataset cannot be read in parts: {exc} Select its rows by a "
                "query of polars or duckdb instead, which can be passed as it is."
            ) from exc
        for fragment in fragments:
            path = getattr(fragment, "path", None) or "a table in memory"
            with reading(path):
                physical = fragment.physical_schema
            names = physical.names
            # Columns that are the names of folders, such as year=2024.
            in_path = _list_partition_columns(fragment, self.dataset)
            missing = [name for name in columns if name not in [*names, *in_path]]
            if missing:
                raise ValueError(
                    f"{path} lacks the column {missing[0]!r}: it has {names}, expected "
                    f"{[name for name in columns if name not in in_path]}. Leave the "
                    "file out of the dataset, or add the column."
                )
            first = first or (path, names)
            if not is_given and set(names) != set(first[1]):
                raise ValueError(
                    f"{path} has the columns {names}, expected {first[1]} as in "
                    f"{first[0]}. To read some of them only, pass "
                    "scan_sequences(dataset, columns=[...])."
                )
            schema = _merge_types(schema, physical, columns, path)
            found.append((fragment, path))
        return [
            part
            for fragment, path in found
            for part in self._split(fragment, path, schema, columns, chunk_rows)
        ]

    def _split(self, fragment, path, schema, columns, chunk_rows):
        """Split a file into its row groups, if it has any."""
        if not hasattr(fragment, "split_by_row_group"):
            return [self._as_part(fragment, path, None, schema, columns, chunk_rows)]
        with reading(path):
            groups = fragment.split_by_row_group(schema=schema)
        parts = []
        for group in groups:
            (info,) = group.row_groups
            place = f"{path}, row group {info.id}"
            n_rows = info.num_rows
            row_bytes = info.total_byte_size / max(1, n_rows)
            size = max(1, min(chunk_rows, int(CHUNK_BYTES / max(1, row_bytes))))
            parts.append(self._as_part(group, place, n_rows, schema, columns, size))
        return parts

    def _as_part(self, fragment, place, n_rows, schema, columns, chunk_rows):
        def read():
            import pyarrow as pa

            batches = fragment.to_batches(
                schema=schema,
                columns=columns,
                batch_size=chunk_rows,
                batch_readahead=1,
                fragment_readahead=0,
            )
            for batch in batches:
                yield pa.Table.from_batches([batch])

        return Part(place, n_rows, read)


class LazyFrameSource:
    """A lazy frame of polars.

    Parameters
    ----------
    frame : polars LazyFrame
        The query, which polars runs with its streaming engine.
    """

    def __init__(self, frame):
        self.frame = frame

    @property
    def schema(self):
        """The pyarrow Schema of all columns."""
        with reading("the LazyFrame", SCAN_FILES):
            return self.frame.collect_schema().to_frame(eager=True).to_arrow().schema

    def list_parts(self, columns, chunk_rows, *, is_given):
        """Return the query as one part."""

        def read():
            import polars as pl

            # Not their names, since those such as "*" are patterns.
            selected = self.frame.select(pl.selectors.by_name(*columns))
            batches = selected.collect_batches(
                chunk_size=chunk_rows, maintain_order=True
            )
            # Arrow cannot select rows of views of strings.
            oldest = pl.CompatLevel.oldest()
            for frame in batches:
                yield frame.to_arrow(compat_level=oldest)

        return [Part("the LazyFrame", None, read, SCAN_FILES)]


class RelationSource:
    """A relation of duckdb.

    Parameters
    ----------
    relation : DuckDBPyRelation
        The query.
    """

    def __init__(self, relation):
        self.relation = relation

    @property
    def schema(self):
        """The pyarrow Schema of all columns."""
        with reading("the relation", SCAN_FILES):
            return self._open(self.relation.limit(0), 1).schema

    def list_parts(self, columns, chunk_rows, *, is_given):
        """Return the query as one part."""

        def read():
            import pyarrow as pa

            quoted = ['"' + name.replace('"', '""') + '"' for name in columns]
            # A new relation, because a relation keeps the result of its query.
            relation = self.relation.project(", ".join(quoted))
            for batch in self._open(relation, chunk_rows):
                yield pa.Table.from_batches([batch])

        return [Part("the relation", None, read, SCAN_FILES)]

    def _open(self, relation, chunk_rows):
        # Renamed in duckdb 1.4.
        open_reader = getattr(relation, "to_arrow_reader", None)
        return (open_reader or relation.fetch_record_batch)(chunk_rows)


# Sources by the names of the classes that they read.
SOURCES = {
    "pyarrow.Dataset": DatasetSource,
    "polars.LazyFrame": LazyFrameSource,
    "duckdb.DuckDBPyRelation": RelationSource,
    "_duckdb.DuckDBPyRelation": RelationSource,
}


@contextlib.contextmanager
def reading(place, remedy=""):
    """Name the part of a source that cannot be read, and say what to do."""
    try:
        yield
    except Exception as exc:  # each library has errors of its own
        raise ValueError(
            f"{place} cannot be read: {exc}. {remedy or CHECK_FILE}"
        ) from exc


def _list_partition_columns(fragment, dataset):
    """Return the names of the columns that are part of the path of a file."""
    import pyarrow.dataset as ds

    get_keys = getattr(ds, "get_partition_keys", None)
    keys = get_keys(fragment.partition_expression) if get_keys else {}
    return [name for name in keys if name in dataset.schema.names]


def _merge_types(schema, other, columns, path):
    """Return a schema in which some columns can hold the values of a file, too.

    Files may hold integers, or no values at all, where others hold numbers. Other types
    are not converted: numbers would become text, for example.
    """
    import pyarrow as pa

    for i, field in enumerate(schema):
        if field.name not in columns or field.name not in other.names:
            continue
        found = other.field(field.name)
        if found.type == field.type:
            continue
        kinds = _list_kinds(field.type), _list_kinds(found.type)
        if kinds[0] != kinds[1] and "null" not in (kinds[0][-1], kinds[1][-1]):
            raise ValueError(
                f"{path} has the column {field.name!r} of the type {found.type}, "
                f"expected {field.type} as in the files before. Leave the file out of "
                "the dataset, or convert the column."
            )
        # Types without a common one, such as decimals of many digits, remain.
        with contextlib.suppress(pa.ArrowTypeError, pa.ArrowInvalid):
            merged = pa.unify_schemas(
                [pa.schema([field]), pa.schema([found])], promote_options="permissive"
            )
            schema = schema.set(i, merged.field(0))
    return schema


def _list_kinds(arrow_type):
    """List what a type holds, from the outside: "list" and "number" for example."""
    import pyarrow as pa

    if is_list(arrow_type):
        return ["list", *_list_kinds(arrow_type.value_type)]
    if pa.types.is_null(arrow_type):
        return ["null"]
    if pa.types.is_boolean(arrow_type):
        return ["bool"]
    if is_number(arrow_type):
        return ["number"]
    if is_string(arrow_type):
        return ["text"]
    if pa.types.is_timestamp(arrow_type) or pa.types.is_date(arrow_type):
        return ["time"]
    return [str(arrow_type)]
