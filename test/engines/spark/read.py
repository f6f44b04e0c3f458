"""What is in the tables: counts as a line of JSON."""

import json
import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
table, rejected = (spark.read.format("delta").load(path) for path in sys.argv[1:3])
rows = table.agg({"cnt": "sum", "*": "count"}).collect()[0]
found = {
    "records": rows["sum(cnt)"],
    "rows": rows["count(1)"],
    "keys": table.select("window_start", "page").distinct().count(),
    "rejected": rejected.count(),
    "places": rejected.select("topic", "partition", "offset").distinct().count(),
}
print("FOUND " + json.dumps(found))
spark.stop()
