"""Records of a Kafka topic into a Delta table, in micro-batches: one driver, one checkpoint, no record lost or counted twice.

With a window, records are aggregated and each batch MERGEs totals (not differences), so that a batch that is repeated after a
crash changes nothing. Without one, each record becomes a row, and a repeated batch is recognised by its number. What cannot be
read goes to a table of its own with its place in the topic. Spark commits no offsets to Kafka, so the driver itself reports how
old and how far behind it is: as a line of JSON on its output once a minute, and as gauges for Prometheus.

Everything is an argument. A `--transform` is a file of Python with a function `transform(df)`, which keeps the columns `_place`
and `_value`.
"""

import argparse
import datetime
import http.server
import json
import signal
import sys
import threading
import time
import types

REPORT_SECONDS = 60
POLL_SECONDS = 1
# A day and its neighbour: older partitions have been compacted when they were closed.
COMPACTED_DAYS = 2
# More dates than this in a batch are a backlog, and a list of them prunes nothing.
MOST_DATES = 32
CORRUPT = "_corrupt"
ROCKSDB = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"


# --- Pure: no Spark below this line until the next one. ---


def arguments(argv):
    """The settings of a run. What has no default has to be given."""
    parser = argparse.ArgumentParser(prog="job.py", description=__doc__.splitlines()[0])
    parser.add_argument("--query-name", required=True)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--table", required=True, help="path of the Delta table")
    parser.add_argument("--rejected-table", help="path of the table of rejected records; default: <table>_rejected")
    parser.add_argument("--checkpoint", required=True, help="path that only this job writes to, without expiry")
    parser.add_argument("--schema", required=True, help="columns of a record's JSON: 'page STRING, at TIMESTAMP'")
    parser.add_argument("--event-time", required=True, help="the column with the time of a record")
    parser.add_argument("--keys", required=True, help="columns of the key, with commas")
    parser.add_argument("--sums", default="", help="columns that are added up beside the count, with commas")
    parser.add_argument("--transform", help="a file of Python with transform(df), on disk or at a path that Spark reads")
    parser.add_argument("--trigger-seconds", type=positive, required=True)
    parser.add_argument("--max-offsets-per-trigger", type=positive, required=True)
    parser.add_argument("--window-seconds", type=int, default=0, help="0: each record becomes a row")
    parser.add_argument("--watermark-seconds", type=int, default=0)
    parser.add_argument("--ahead-seconds", type=positive, required=True, help="a time further ahead of the broker's is wrong")
    parser.add_argument("--output-mode", choices=["append", "update"], default="update")
    parser.add_argument("--shuffle-partitions", type=positive, required=True)
    parser.add_argument("--compact-every-batches", type=positive, required=True)
    parser.add_argument("--rocksdb", action="store_true", help="keeps the state of the windows on disk")
    parser.add_argument("--metrics-port", type=int, default=0, help="0: no gauges")
    parser.add_argument("--kafka-option", action="append", default=[], help="name=value, for the source of Kafka")
    parser.add_argument("--sasl-jaas-file", help="a file with the JAAS configuration of the Kafka user")
    parser.add_argument("--group-prefix", help="what consumer groups begin with, as access rules need it")
    given = parser.parse_args(argv)
    given.keys = names(given.keys)
    given.sums = names(given.sums)
    given.rejected_table = given.rejected_table or given.table.rstrip("/") + "_rejected"
    if not given.keys:
        parser.error("--keys: at least one")
    return given


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"at least 1, got {number}")
    return number


def names(text):
    return [one.strip() for one in text.split(",") if one.strip()]


def source_options(given, jaas=None):
    """The options of the Kafka source; what decides over loss and length of a batch cannot be changed by an option."""
    more = dict(pair(one) for one in given.kafka_option)
    for name in more:
        if not name.startswith("kafka.") or name in ("kafka.group.id", "kafka.bootstrap.servers"):
            raise ValueError(f"--kafka-option {name}: only settings of the client, which begin with kafka.")
    return {
        **more,
        **({"groupIdPrefix": given.group_prefix} if given.group_prefix else {}),
        **({"kafka.sasl.jaas.config": jaas.strip()} if jaas else {}),
        "kafka.bootstrap.servers": given.bootstrap_servers,
        "subscribe": given.topic,
        # Without it the first start skips what the topic holds.
        "startingOffsets": "earliest",
        # A topic that lost records is an error, and not a gap that nobody sees.
        "failOnDataLoss": "true",
        # Without it the first batch is all that the topic holds.
        "maxOffsetsPerTrigger": str(given.max_offsets_per_trigger),
    }


def pair(text):
    name, equals, value = text.strip().partition("=")
    if not equals:
        raise ValueError(f"an option is name=value, got {text!r}")
    return name.strip(), value.strip()


def merge_condition(keys, dates):
    """Rows are the same when window and key are. The dates let Delta skip every other partition."""
    # Equal also where both are null: otherwise a row would be inserted again in every batch.
    same = " AND ".join(f"t.`{name}` <=> s.`{name}`" for name in ["date", "window_start", *keys])
    if 0 < len(dates) <= MOST_DATES:
        listed = ", ".join(f"DATE'{date.isoformat()}'" for date in sorted(dates))
        return f"t.`date` IN ({listed}) AND {same}"
    return same


def closed_partitions(watermark):
    """The condition for the latest days that no record can change any more; None before there is a watermark."""
    if watermark is None or watermark.year < 1971:
        return None
    first = (watermark - datetime.timedelta(days=COMPACTED_DAYS)).date()
    return f"`date` >= DATE'{first.isoformat()}' AND `date` < DATE'{watermark.date().isoformat()}'"


def timestamp(text):
    """A time as Spark's progress has it."""
    return datetime.datetime.strptime(text.replace("Z", "+0000"), "%Y-%m-%dT%H:%M:%S.%f%z")


def offsets_behind(source):
    """Records that were in the topic when a batch was planned, and are not in it."""
    latest, end = (json_of(source.get(name)) for name in ("latestOffset", "endOffset"))
    return sum(
        max(0, offset - (end.get(topic, {}).get(partition) or 0))
        for topic, partitions in latest.items()
        for partition, offset in partitions.items()
    )


def json_of(value):
    return value if isinstance(value, dict) else json.loads(value or "{}") or {}


def batch_timestamp(offsets_file):
    """When a batch was planned, in seconds, by its file in the checkpoint; None when it says nothing."""
    lines = (offsets_file or "").splitlines()
    millis = json.loads(lines[1]).get("batchTimestampMs") if len(lines) > 1 else None
    return millis / 1000 if millis else None


def batch_end(offsets_file):
    """The sum of the offsets at which a batch ends; None when the file does not say it."""
    lines = (offsets_file or "").splitlines()
    if len(lines) < 3:
        return None
    return sum(offset for partitions in json_of(lines[2]).values() for offset in partitions.values())


def complete_at(files, max_offsets):
    """Until when all records are in the table: when the last batch was planned that was not full.

    @param files the texts of the offsets of committed batches, the last one first
    """
    earliest = None
    for latest, before in zip(files, [*files[1:], None]):
        earliest = batch_timestamp(latest) or earliest
        ends = batch_end(latest), batch_end(before)
        if None not in ends and ends[0] - ends[1] < max_offsets:
            return batch_timestamp(latest)
    return earliest


class Health:
    """What the driver knows of its own age: the numbers that alarms go by."""

    def __init__(self, now, complete_at=None, waits_for_window=False):
        # All that arrived before this is in the table.
        self.complete_at = now if complete_at is None else min(now, complete_at)
        # A record in an open window is not in the table yet, where windows are appended once they are closed.
        self.waits_for_window = waits_for_window
        self.watermark = None
        self.batch_seconds = 0.0
        self.behind = 0
        self.rejected = 0
        self.late = 0
        self.batches = 0
        self.state_rows = 0
        self._seen = None
        self._told = {"rejected": 0, "late": 0}

    def progress(self, progress):
        """Takes the progress of a batch; the same one twice counts once."""
        mark = progress["batchId"]
        if self._seen is not None and mark <= self._seen:
            return
        self._seen = mark
        text = progress.get("eventTime", {}).get("watermark")
        self.watermark = timestamp(text) if text else self.watermark
        self.batches += 1
        self.batch_seconds = progress.get("durationMs", {}).get("triggerExecution", 0) / 1000
        self.behind = sum(offsets_behind(source) for source in progress["sources"])
        operators = progress.get("stateOperators", [])
        self.late += sum(one.get("numRowsDroppedByWatermark", 0) for one in operators)
        self.state_rows = sum(one.get("numRowsTotal", 0) for one in operators)
        if self.behind == 0:
            self.complete_at = max(self.complete_at, timestamp(progress["timestamp"]).timestamp())

    def idle(self, now, trigger_seconds):
        """The last trigger found nothing, and it was no longer ago than the interval."""
        self.behind = 0
        self.complete_at = max(self.complete_at, now - trigger_seconds)

    def freshness(self, now):
        seen = max(0.0, now - self.complete_at)
        if not self.waits_for_window or self.watermark is None or self.watermark.year < 1971:
            return seen
        return max(seen, now - self.watermark.timestamp())

    def line(self, query, now):
        """What is written once a minute; counts are those since the last line."""
        counts = {"rejected": self.rejected, "late": self.late}
        since = {name: value - self._told[name] for name, value in counts.items()}
        self._told = counts
        return {
            "backpressure": "streaming-etl",
            "query": query,
            "freshnessSeconds": round(self.freshness(now), 3),
            "batchSeconds": self.batch_seconds,
            "offsetsBehind": self.behind,
            "rejectedRecords": since["rejected"],
            "lateRecords": since["late"],
            "stateRows": self.state_rows,
            "batches": self.batches,
        }

    def gauges(self, query, now):
        """The text that Prometheus reads."""
        label = query.replace("\\", "\\\\").replace('"', '\\"')
        rows = [
            ("freshness_seconds", "gauge", "age of the oldest record that is not in the table, at most", self.freshness(now)),
            ("batch_seconds", "gauge", "length of the last batch", self.batch_seconds),
            ("offsets_behind", "gauge", "records that were there and are not in the last batch", self.behind),
            ("state_rows", "gauge", "keys of open windows", self.state_rows),
            ("batches_total", "counter", "batches since the start", self.batches),
            ("rejected_records_total", "counter", "records that could not be read since the start", self.rejected),
            ("late_records_total", "counter", "rows of windows dropped behind the watermark since the start", self.late),
        ]
        return "".join(
            f"# HELP backpressure_etl_{name} {text}\n# TYPE backpressure_etl_{name} {kind}\n"
            f'backpressure_etl_{name}{{query="{label}"}} {value}\n'
            for name, kind, text, value in rows
        )


# --- Spark. ---


def load_transform(path, spark=None):
    """The function `transform` of a file, on disk or where Spark reads files."""
    if path is None:
        return lambda df: df
    module = types.ModuleType("transform")
    if "://" in path:
        source = read_text(spark, path)
        if source is None:
            raise FileNotFoundError(path)
    else:
        with open(path) as file:
            source = file.read()
    exec(compile(source, path, "exec"), module.__dict__)
    return module.transform


def parsed(raw, given):
    """Each record with its columns, and its place in the topic."""
    from pyspark.sql import functions as f

    schema = f"{given.schema}, {CORRUPT} STRING"
    options = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": CORRUPT}
    text = f.col("value").cast("string")
    return raw.select(
        f.struct("topic", "partition", "offset", f.col("timestamp").alias("written_at")).alias("_place"),
        text.alias("_value"),
        f.from_json(text, schema, options).alias("_record"),
    )


def split(rows, given, transform):
    """What can be counted, and what cannot: no JSON, a key or a time that is missing, a time from the future.

    One record that is dated ahead would move the watermark there, and all others would be dropped as late.
    """
    from pyspark.sql import functions as f

    readable = f.coalesce(f.col(f"_record.{CORRUPT}").isNull() & f.col("_record").isNotNull(), f.lit(False))
    shaped = transform(rows.where(readable).select("_record.*", "_place", "_value").drop(CORRUPT))
    ahead = f.col("_place.written_at") + f.expr(f"INTERVAL {given.ahead_seconds} SECONDS")
    sound = f.col(given.event_time) <= ahead
    for name in given.keys:
        sound = sound & f.col(name).isNotNull()
    sound = f.coalesce(sound, f.lit(False))
    place = ["_place.topic", "_place.partition", "_place.offset", "_place.written_at", f.col("_value").alias("value")]
    wrong = rows.where(~readable).select(*place).unionByName(shaped.where(~sound).select(*place))
    return shaped.where(sound).drop("_place", "_value"), wrong


def totals(rows, given):
    """Count and sums of each window and key, as absolute numbers."""
    from pyspark.sql import functions as f

    window = f.window(given.event_time, f"{given.window_seconds} seconds")
    sums = [f.sum(name).alias(name) for name in given.sums]
    return (
        rows.withWatermark(given.event_time, f"{given.watermark_seconds} seconds")
        .groupBy(window, *given.keys)
        .agg(f.count(f.lit(1)).alias("cnt"), *sums)
        .select(
            f.to_date("window.start").alias("date"),
            f.col("window.start").alias("window_start"),
            f.col("window.end").alias("window_end"),
            *given.keys,
            "cnt",
            *given.sums,
        )
    )


def table_for(spark, path, schema, partition=None):
    """The table at a path, made when it is not there."""
    from delta.tables import DeltaTable

    builder = DeltaTable.createIfNotExists(spark).location(path).addColumns(schema)
    return (builder.partitionedBy(partition) if partition else builder).execute()


def read_text(spark, path):
    """A small file of any file system that Spark knows; None when it is not there."""
    jvm = spark.sparkContext._jvm
    place = jvm.org.apache.hadoop.fs.Path(path)
    system = place.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
    if not system.exists(place):
        return None
    stream = system.open(place)
    try:
        return jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8")
    finally:
        stream.close()


def committed(spark, checkpoint):
    """The numbers of the batches that the checkpoint has as committed, the last one first."""
    jvm = spark.sparkContext._jvm
    place = jvm.org.apache.hadoop.fs.Path(f"{checkpoint}/commits")
    system = place.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
    if not system.exists(place):
        return []
    numbers = [status.getPath().getName() for status in system.listStatus(place)]
    return sorted((int(name) for name in numbers if name.isdigit()), reverse=True)


def complete_before(spark, checkpoint, max_offsets):
    """Until when all records are in the table, by the checkpoint: after an outage the age begins there."""
    files = [read_text(spark, f"{checkpoint}/offsets/{number}") for number in committed(spark, checkpoint)]
    return complete_at(files, max_offsets)


class Job:
    """The queries of one driver, which share its tables and its health."""

    def __init__(self, spark, given, health):
        self.spark, self.given, self.health = spark, given, health
        self.transform = load_transform(given.transform, spark)
        self.ids = {}

    def write_once(self, frame, path, batch_id, query):
        """Appends a batch; the same batch again is recognised and left out.

        The number alone would take the first batches of a new checkpoint for old ones, so the id of the stream is in it.
        """
        app = f"{self.given.query_name}/{query}/{self.stream_id(query)}"
        (
            frame.write.format("delta")
            .mode("append")
            .option("txnAppId", app)
            .option("txnVersion", batch_id)
            .save(path)
        )

    def stream_id(self, query):
        if query not in self.ids:
            self.ids[query] = json.loads(read_text(self.spark, f"{self.given.checkpoint}/{query}/metadata"))["id"]
        return self.ids[query]

    def merge(self, frame, batch_id):
        """Sets the totals of every window that changed."""
        frame.persist()
        try:
            dates = [row["date"] for row in frame.select("date").distinct().collect()]
            if dates:
                (
                    table_for(self.spark, self.given.table, frame.schema, "date")
                    .alias("t")
                    .merge(frame.alias("s"), merge_condition(self.given.keys, dates))
                    .whenMatchedUpdateAll()
                    .whenNotMatchedInsertAll()
                    .execute()
                )
            self.compact(batch_id)
        finally:
            frame.unpersist()

    def append(self, frame, batch_id):
        table_for(self.spark, self.given.table, frame.schema, "date")
        self.write_once(frame, self.given.table, batch_id, "main")
        self.compact(batch_id)

    def both(self, frame, batch_id):
        """Without a window: one batch has the rows and the rejected records."""
        frame.persist()
        try:
            from pyspark.sql import functions as f

            rows, wrong = split(frame, self.given, self.transform)
            self.append(rows.withColumn("date", f.to_date(self.given.event_time)), batch_id)
            self.reject(wrong, batch_id, "main")
        finally:
            frame.unpersist()

    def reject(self, frame, batch_id, query="rejected"):
        frame.persist()
        try:
            count = frame.count()
            if count == 0:
                return
            table_for(self.spark, self.given.rejected_table, frame.schema)
            self.write_once(frame, self.given.rejected_table, batch_id, query)
            self.health.rejected += count
        finally:
            frame.unpersist()

    def compact(self, batch_id):
        """Merges small files of days that are closed, in this driver: a second one beside it would lose commits on S3."""
        from delta.tables import DeltaTable

        # Without a window nothing says when a day is closed: an hour after its end by the clock.
        by_clock = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
        closed = closed_partitions(self.health.watermark if self.given.window_seconds else by_clock)
        if closed is None or batch_id == 0 or batch_id % self.given.compact_every_batches != 0:
            return
        DeltaTable.forPath(self.spark, self.given.table).optimize().where(closed).executeCompaction()

    def start(self, raw):
        given = self.given
        rows = parsed(raw, given)
        if given.window_seconds == 0:
            return [self.query(rows, "main", "append", self.both)]
        counted, wrong = split(rows, given, self.transform)
        aggregated = totals(counted, given)
        write = self.append if given.output_mode == "append" else self.merge
        return [
            self.query(aggregated, "main", given.output_mode, write),
            self.query(wrong, "rejected", "append", self.reject),
        ]

    def query(self, frame, name, mode, write):
        given = self.given
        # A pool each: queries of one pool wait for each other.
        self.spark.sparkContext.setLocalProperty("spark.scheduler.pool", name)
        return (
            frame.writeStream.queryName(given.query_name if name == "main" else f"{given.query_name}_{name}")
            .outputMode(mode)
            .trigger(processingTime=f"{given.trigger_seconds} seconds")
            .option("checkpointLocation", f"{given.checkpoint}/{name}")
            .foreachBatch(write)
            .start()
        )


def watch(job, queries, stopping, output):
    """Until a query fails or the driver is told to stop, which is between two batches."""
    main, health, given = queries[0], job.health, job.given
    told = time.time()

    def tell():
        now = time.time()
        print(json.dumps(health.line(given.query_name, now)), file=output, flush=True)
        return now

    try:
        while all(query.isActive for query in queries):
            # All since the last look: batches may follow each other faster than looks.
            for progress in main.recentProgress:
                health.progress(progress)
            status = main.status
            if status["message"].startswith("Waiting") and not status["isDataAvailable"]:
                health.idle(time.time(), given.trigger_seconds)
            if time.time() - told >= REPORT_SECONDS:
                told = tell()
            if stopping.is_set() and not any(query.status["isTriggerActive"] for query in queries):
                for query in queries:
                    query.stop()
                return
            stopping.wait(POLL_SECONDS)
            if stopping.is_set():
                time.sleep(0.05)
        for progress in main.recentProgress:
            health.progress(progress)
    finally:
        # What was counted since the last line is in no other one.
        tell()
    for query in queries:
        failure = query.exception()
        if failure is not None:
            raise RuntimeError(f"{query.name} failed") from failure


def serve(health, query, port):
    """The gauges, at /metrics."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == "/metrics"
            body = health.gauges(query, time.time()).encode() if found else b""
            self.send_response(200 if found else 404)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """A scrape is no news."""

    server = http.server.ThreadingHTTPServer(("", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main(argv):
    given = arguments(argv)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    from pyspark.sql import SparkSession

    jaas = None
    if given.sasl_jaas_file:
        with open(given.sasl_jaas_file) as file:
            jaas = file.read()
    options = source_options(given, jaas)
    spark = SparkSession.builder.appName(given.query_name).getOrCreate()
    spark.conf.set("spark.sql.shuffle.partitions", given.shuffle_partitions)
    # Dates of partitions are the same whatever the clock of the node says.
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    if given.rocksdb:
        spark.conf.set("spark.sql.streaming.stateStore.providerClass", ROCKSDB)
    complete = complete_before(spark, f"{given.checkpoint}/main", given.max_offsets_per_trigger)
    health = Health(time.time(), complete, given.output_mode == "append" and given.window_seconds > 0)
    if given.metrics_port:
        serve(health, given.query_name, given.metrics_port)
    job = Job(spark, given, health)
    queries = job.start(spark.readStream.format("kafka").options(**options).load())
    try:
        watch(job, queries, stopping, sys.stdout)
    finally:
        spark.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
