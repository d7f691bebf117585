"""Parquet: the samples and the other events, a unit in the metadata of every column."""

from __future__ import annotations

from pathlib import Path

from labctl.export._about import about
from labctl.export._libraries import library
from labctl.export._tables import Kind, Tables


def write_parquet(tables: Tables, stem: Path) -> list[Path]:
    """`STEM.parquet`, where a number that is none is null, and `STEM.events.parquet`."""
    pa = library("pyarrow", "Parquet")
    parquet = library("pyarrow.parquet", "Parquet")
    types = {Kind.FLOAT: pa.float64(), Kind.COUNT: pa.int64(), Kind.TEXT: pa.string()}
    told = about(tables.run)
    samples = pa.table(
        [pa.array(c.values, types[c.kind]) for c in tables.columns],
        schema=pa.schema(
            [
                pa.field(
                    c.name,
                    types[c.kind],
                    nullable=c.kind is Kind.FLOAT,
                    metadata={"unit": c.unit, "channel": c.channel, "meaning": c.meaning},
                )
                for c in tables.columns
            ],
            metadata=told,
        ),
    )
    events = pa.table(
        {
            "seq": pa.array([o.seq for o in tables.others], pa.int64()),
            "t_ns": pa.array([o.t_ns for o in tables.others], pa.int64()),
            "kind": pa.array([o.kind for o in tables.others], pa.string()),
            "body": pa.array([o.body for o in tables.others], pa.string()),
        }
    ).replace_schema_metadata(told)
    written = []
    for table, end in ((samples, ".parquet"), (events, ".events.parquet")):
        path = stem.with_name(stem.name + end)
        parquet.write_table(table, path, compression="zstd")
        written.append(path)
    return written
