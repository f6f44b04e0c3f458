"""
The same run as compact.py, on Spark with Delta Lake: for tables that Spark writes, in a job of AWS Glue or under the
operator of Spark. What is due is decided by the same code; what a run did goes to a Pushgateway where one is given, and to
CloudWatch otherwise.
"""

import sys

import compact
from decide import File

NAMESPACE = "Backpressure/ContinuousCompaction"
UNITS = {"run_seconds": "Seconds", "rewritten_bytes": "Bytes"}


def literal(value):
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def predicate(key):
    """The partition of these values, as a condition in SQL."""
    return " AND ".join(
        f"`{name}` IS NULL" if value is None else f"`{name}` = {literal(value)}" for name, value in key
    )


class SparkStore:
    """The table, read through the log of Delta Lake."""

    # OPTIMIZE sorts files by size.
    keeps_order = False

    def __init__(self, path, target_bytes, small_bytes, spark=None):
        from pyspark.sql import SparkSession

        self.path = path
        self.spark = spark or SparkSession.builder.getOrCreate()
        self.spark.conf.set("spark.databricks.delta.optimize.maxFileSize", str(target_bytes))
        # A file from there on is not small, and is not rewritten again.
        self.spark.conf.set("spark.databricks.delta.optimize.minFileSize", str(small_bytes))

    def table(self):
        from delta.tables import DeltaTable

        return DeltaTable.forPath(self.spark, self.path)

    def files(self):
        from pyspark.sql import DataFrame

        logs = self.spark._jvm.org.apache.spark.sql.delta.DeltaLog
        # The log and its newest snapshot.
        snapshot = logs.forTableWithSnapshot(self.spark._jsparkSession, self.path)._2()
        added = snapshot.allFiles().toDF()
        rows = DataFrame(added, self.spark).select("partitionValues", "size", "modificationTime").toLocalIterator()
        return [File(tuple(sorted(row[0].items())), row[1], row[2] / 1000) for row in rows]

    def compact(self, key, _target_bytes):
        optimize = self.table().optimize()
        where = predicate(key)
        done = (optimize.where(where) if where else optimize).executeCompaction().select("metrics.*").collect()[0]
        return done["numFilesRemoved"], done["numFilesAdded"], done["filesRemoved"]["totalSize"] or 0

    def vacuum(self, hours):
        self.table().vacuum(hours)
        return 0

    def is_conflict(self, error):
        return "Concurrent" in type(error).__name__ or "Concurrent" in str(error)[:2000]


def report(done, table, client=None):
    """A value for each number, of this table."""
    if client is None:
        import boto3

        client = boto3.client("cloudwatch")
    numbers = {"runs": 1, "vacuums": 1 if "vacuumed_files" in done else 0, **done}
    client.put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[
            {
                "MetricName": "".join(part.capitalize() for part in name.split("_")),
                "Dimensions": [{"Name": "Table", "Value": table}],
                "Value": value,
                "Unit": UNITS.get(name, "Count"),
            }
            for name, value in numbers.items()
            if not name.endswith("timestamp_seconds")
        ],
    )


def main(argv):
    # A job of Glue has arguments of its own beside ours.
    given = compact.arguments(argv, strict=False)
    done = compact.run(given, SparkStore(given.path, given.target_bytes, given.small_bytes))
    if given.push_gateway:
        compact.push(given, done)
    else:
        report(done, given.job)
    return 1 if done["failures"] else 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # Glue takes any exit for a failure.
    if code:
        sys.exit(code)
