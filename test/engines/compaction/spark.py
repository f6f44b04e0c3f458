"""
Runs the shipped scripts on a Delta table of Spark, several times in one driver: a table of small files, once more at once,
and after one stray file. Prints what the table holds before and after.
"""

import json
import sys

folder, table, *given = sys.argv[1:]
sys.path.insert(0, folder)

import compact_spark  # noqa: E402
from delta.tables import DeltaTable  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql import functions as f  # noqa: E402

FILES, PARTITIONS, ROWS = 100, 3, 2000
spark = SparkSession.builder.getOrCreate()


def look():
    held = spark.read.format("delta").load(table)
    count, total = held.agg(f.count("*"), f.sum("number")).collect()[0]
    history = DeltaTable.forPath(spark, table).history().select("operation").collect()
    return {
        "rows": count,
        "sum": total,
        "files": len(held.inputFiles()),
        "optimizes": sum(1 for (operation,) in history if operation == "OPTIMIZE"),
    }


def add(tasks, partitions, rows):
    numbers = spark.range(0, tasks * partitions * rows, 1, tasks)
    day = (f.col("id") % partitions).cast("string")
    # Numbers that no compression makes smaller.
    rows = numbers.select(day.alias("day"), f.xxhash64("id").bitwiseAND((1 << 40) - 1).alias("number"))
    rows.write.format("delta").mode("append").partitionBy("day").save(table)


def run():
    try:
        code = compact_spark.main([*given, f"--path={table}"])
    except SystemExit as ended:
        code = ended.code
    return {"code": code, **look()}


add(FILES, PARTITIONS, ROWS)
seen = {"before": look(), "first": run(), "second": run()}
add(1, 1, ROWS)
seen["stray"] = run()
print("SEEN " + json.dumps(seen), flush=True)
