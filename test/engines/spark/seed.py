"""The two forms of the seed's snippet, on files in place of a topic: update into a Delta sink, and append with a watermark."""

import datetime
import json
import os
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

folder = sys.argv[1]
source = os.path.join(folder, "source")
os.makedirs(source)
base = datetime.datetime(2026, 3, 1)
spark = SparkSession.builder.config("spark.sql.shuffle.partitions", 1).getOrCreate()


def arrive(name, seconds):
    """A file with one record at each of these times of the day."""
    lines = [json.dumps({"page": "a", "at": (base + datetime.timedelta(seconds=one)).isoformat()}) for one in seconds]
    with open(os.path.join(source, f".{name}"), "w") as file:
        file.write("\n".join(lines))
    os.rename(os.path.join(source, f".{name}"), os.path.join(source, f"{name}.json"))


views = spark.readStream.schema("page STRING, at TIMESTAMP").json(source)
counted = views.withWatermark("at", "10 minutes").groupBy(f.window("at", "5 minutes"), "page").count()
sink = counted.writeStream.format("delta").option("path", os.path.join(folder, "t"))

arrive("first", range(0, 300, 10))
try:
    sink.outputMode("update").option("checkpointLocation", os.path.join(folder, "c1")).start().processAllAvailable()
    update = "it started"
except Exception as error:
    update = str(error)

shown = {}
query = counted.writeStream.outputMode("append").format("memory").queryName("shown").start()
for until in [0, 600, 899, 901]:
    if until:
        arrive(str(until), [until])
    query.processAllAvailable()
    shown[until] = spark.table("shown").count()
print("FOUND " + json.dumps({"update": update[:2000], "shown": shown}))
spark.stop()
