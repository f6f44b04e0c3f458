"""The parts of the job that know nothing of Spark."""

import datetime
import importlib.util
import json
import os
import sys
import unittest

PATH = os.path.join(os.path.dirname(__file__), "..", "..", "..", "lib", "runtime", "streaming-etl", "job.py")
spec = importlib.util.spec_from_file_location("job", PATH)
job = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
spec.loader.exec_module(job)

GIVEN = [
    "--query-name=views", "--bootstrap-servers=kafka:9092", "--topic=views", "--table=/t/views/", "--checkpoint=/c/views",
    "--schema=page STRING, at TIMESTAMP", "--event-time=at", "--keys=page, site", "--trigger-seconds=150",
    "--max-offsets-per-trigger=1000", "--ahead-seconds=60", "--shuffle-partitions=4", "--compact-every-batches=13",
]  # fmt: skip
DAY = datetime.date(2026, 3, 1)


def progress(batch, latest, end, at="2026-03-01T12:00:00.000Z", **more):
    source = {"latestOffset": {"views": {"0": latest}}, "endOffset": {"views": {"0": end}}}
    return {
        "runId": "r", "batchId": batch, "timestamp": at, "numInputRows": end, "sources": [source],
        "durationMs": {"triggerExecution": 90_000}, **more,
    }  # fmt: skip


def offsets(at, end):
    return "\n".join(["v1", json.dumps({"batchTimestampMs": at * 1000}), json.dumps({"views": {"0": end}})])


class Arguments(unittest.TestCase):
    def test_rejected_records_have_a_table_beside(self):
        given = job.arguments(GIVEN)
        self.assertEqual(given.rejected_table, "/t/views_rejected")
        self.assertEqual(given.keys, ["page", "site"])

    def test_a_number_below_one_is_refused(self):
        with self.assertRaises(SystemExit):
            job.arguments([*GIVEN, "--trigger-seconds=0"])

    def test_a_first_start_reads_from_the_beginning_in_bounded_batches_and_loss_is_an_error(self):
        options = job.source_options(job.arguments(GIVEN))
        self.assertEqual(options["startingOffsets"], "earliest")
        self.assertEqual(options["failOnDataLoss"], "true")
        self.assertEqual(options["maxOffsetsPerTrigger"], "1000")

    def test_no_option_changes_that(self):
        for option in ["startingTimestamp=1", "failOnDataLoss=false", "minOffsetsPerTrigger=5", "kafka.group.id=mine"]:
            with self.subTest(option), self.assertRaises(ValueError):
                job.source_options(job.arguments([*GIVEN, f"--kafka-option={option}"]))

    def test_the_password_is_a_setting_of_the_client(self):
        given = job.arguments([*GIVEN, "--kafka-option=kafka.security.protocol=SASL_SSL", "--group-prefix=views-spark"])
        options = job.source_options(given, "scram required password=\"a=b\";\n")
        self.assertEqual(options["kafka.sasl.jaas.config"], 'scram required password="a=b";')
        self.assertEqual(options["kafka.security.protocol"], "SASL_SSL")
        self.assertEqual(options["groupIdPrefix"], "views-spark")


class Merge(unittest.TestCase):
    def test_rows_are_the_same_also_where_a_key_is_null(self):
        condition = job.merge_condition(["page"], {DAY})
        self.assertIn("t.`page` <=> s.`page`", condition)
        self.assertIn("t.`window_start` <=> s.`window_start`", condition)
        self.assertTrue(condition.startswith("t.`date` IN (DATE'2026-03-01')"))

    def test_a_backlog_of_many_days_lists_none(self):
        days = {DAY + datetime.timedelta(days=n) for n in range(40)}
        self.assertNotIn(" IN ", job.merge_condition(["page"], days))

    def test_a_day_is_closed_when_the_watermark_has_passed_it(self):
        noon = datetime.datetime(2026, 3, 3, 12, tzinfo=datetime.timezone.utc)
        self.assertEqual(job.closed_partitions(noon), "`date` >= DATE'2026-03-01' AND `date` < DATE'2026-03-03'")
        self.assertIsNone(job.closed_partitions(None))
        self.assertIsNone(job.closed_partitions(datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)))


class Health(unittest.TestCase):
    NOON = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc).timestamp()

    def test_a_batch_that_took_all_is_as_fresh_as_its_beginning(self):
        health = job.Health(self.NOON - 1000)
        health.progress(progress(1, 500, 500))
        self.assertEqual(health.freshness(self.NOON + 90), 90)
        self.assertEqual(health.batch_seconds, 90)

    def test_a_full_batch_leaves_the_age_where_it_was(self):
        health = job.Health(self.NOON - 1000)
        health.progress(progress(1, 5000, 1000))
        self.assertEqual(health.behind, 4000)
        self.assertEqual(health.freshness(self.NOON), 1000)

    def test_the_progress_of_a_batch_counts_once(self):
        health = job.Health(self.NOON)
        late = {"stateOperators": [{"numRowsDroppedByWatermark": 3, "numRowsTotal": 7}]}
        for batch in [1, 1, 2, 1]:
            health.progress(progress(batch, 5, 5, **late))
        self.assertEqual((health.late, health.batches, health.state_rows), (6, 2, 7))

    def test_nothing_to_do_is_not_old(self):
        health = job.Health(self.NOON)
        health.idle(self.NOON + 36_000, 150)
        self.assertEqual(health.freshness(self.NOON + 36_000), 150)

    def test_a_window_that_is_not_closed_is_not_in_the_table(self):
        health = job.Health(self.NOON, None, True)
        health.progress(progress(1, 5, 5, eventTime={"watermark": "2026-03-01T11:45:00.000Z"}))
        self.assertEqual(health.freshness(self.NOON + 60), 960)

    def test_a_line_has_what_happened_since_the_last_one(self):
        health = job.Health(self.NOON)
        health.rejected = 4
        self.assertEqual(health.line("views", self.NOON)["rejectedRecords"], 4)
        health.rejected = 5
        self.assertEqual(health.line("views", self.NOON)["rejectedRecords"], 1)

    def test_gauges_have_one_sample_each(self):
        lines = job.Health(self.NOON).gauges('a"b', self.NOON).splitlines()
        samples = [line for line in lines if not line.startswith("#")]
        self.assertEqual(len(samples), 7)
        self.assertTrue(all('{query="a\\"b"} ' in line for line in samples))


class AfterAnOutage(unittest.TestCase):
    def test_the_age_begins_with_the_last_batch_that_was_not_full(self):
        files = [offsets(400, 2300), offsets(300, 1300), offsets(200, 300), offsets(100, 200)]
        self.assertEqual(job.complete_at(files, 1000), 200)

    def test_of_full_batches_only_the_age_is_at_least_that_of_the_first(self):
        self.assertEqual(job.complete_at([offsets(400, 2300), offsets(300, 1300)], 1000), 300)

    def test_a_new_checkpoint_says_nothing(self):
        self.assertIsNone(job.complete_at([], 1000))
        self.assertIsNone(job.complete_at([None], 1000))


if __name__ == "__main__":
    unittest.main()
