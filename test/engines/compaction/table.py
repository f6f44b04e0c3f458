"""Makes and reads Delta tables for the engine test: append, look, and write while something else runs."""

import json
import random
import resource
import subprocess
import sys
import time

from arro3.core import Array, DataType, Table
from deltalake import DeltaTable, QueryBuilder, write_deltalake

SUM = "select count(*) as n, sum(value % 1000003) as total from t"


def append(path, files, partitions, rows, seed):
    """So many files in each partition, in turn."""
    source = random.Random(seed)
    for _ in range(files):
        for partition in range(partitions):
            values = [source.getrandbits(60) for _ in range(rows)]
            table = Table.from_pydict(
                {
                    "part": Array([f"p{partition}"] * rows, DataType.string()),
                    "value": Array(values, DataType.int64()),
                }
            )
            write_deltalake(path, table, partition_by=["part"], mode="append")


def look(path):
    table = DeltaTable(path)
    actions = table.get_add_actions(flatten=True)
    result = QueryBuilder().register("t", table).execute(SUM).read_all()
    history = table.history()
    return {
        "rows": result.column("n")[0].as_py(),
        "sum": result.column("total")[0].as_py(),
        "sizes": actions.column("size_bytes").to_pylist(),
        "parts": actions.column("partition.part").to_pylist(),
        "version": table.version(),
        "optimizes": sum(1 for one in history if one["operation"] == "OPTIMIZE"),
        "writes": sum(1 for one in history if one["operation"] == "WRITE"),
    }


def measured(command):
    """Runs a command; how long it took, and the most memory that it had."""
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    return {
        "code": done.returncode,
        "out": done.stdout,
        "err": done.stderr,
        "seconds": time.monotonic() - began,
        "mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "append":
        append(rest[0], *(int(number) for number in rest[1:]))
    elif what == "look":
        print(json.dumps(look(rest[0])))
    elif what == "measured":
        print(json.dumps(measured(rest)))
