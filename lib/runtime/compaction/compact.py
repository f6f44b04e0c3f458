"""
Rewrites the small files of a Delta table, a partition at a time, with delta-rs, and deletes what old versions no longer
need. A run that is killed leaves the table as it was and loses the partition that it was at. Credentials of the store
come from the environment, as delta-rs reads them.
"""

import argparse
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from decide import File, Settings, decide, vacuum_is_due

PUSH_TIMEOUT_SECONDS = 10
LEAST_VACUUM_HOURS = 168
PREFIX = "continuous_compaction_"


def arguments(argv, strict=True):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", required=True, help="address of the table")
    parser.add_argument("--target-bytes", type=int, required=True)
    parser.add_argument("--small-bytes", type=int, required=True)
    parser.add_argument("--start-files", type=int, required=True)
    parser.add_argument("--min-input-files", type=int, required=True)
    parser.add_argument("--quiet-seconds", type=float, required=True)
    parser.add_argument("--budget-seconds", type=float, required=True)
    parser.add_argument("--interval-seconds", type=float, required=True)
    parser.add_argument("--offset-seconds", type=float, required=True, help="of the first start after midnight, UTC")
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--vacuum-hours", type=int, required=True)
    parser.add_argument("--vacuum-interval-seconds", type=float, required=True)
    parser.add_argument("--push-gateway", default="", help="address of a Pushgateway")
    parser.add_argument("--job", default="", help="name of what is reported; group of the Pushgateway")
    parser.add_argument("--namespace", default="", help="group of the Pushgateway")
    given = parser.parse_args(argv) if strict else parser.parse_known_args(argv)[0]
    if given.vacuum_hours < LEAST_VACUUM_HOURS:
        parser.error(f"--vacuum-hours must be at least {LEAST_VACUUM_HOURS}: a running reader would lose its files")
    return given


class DeltaStore:
    """The table in its store."""

    # delta-rs, pull request 4326; the log names files in the order in which they are joined.
    keeps_order = True

    def __init__(self, path, workers):
        from deltalake import DeltaTable

        self.table = DeltaTable(path)
        self.columns = self.table.metadata().partition_columns
        self.workers = workers

    def files(self):
        self.table.update_incremental()
        actions = self.table.get_add_actions(flatten=True)
        sizes = actions.column("size_bytes").to_pylist()
        modified = actions.column("modification_time").to_pylist()
        keys = [actions.column(f"partition.{name}").to_pylist() for name in self.columns]
        return [
            File(tuple(key[row] for key in keys), sizes[row], modified[row] / 1000) for row in range(len(sizes))
        ]

    def compact(self, key, target_bytes):
        """One commit a partition. Gives the files and bytes that were rewritten."""
        # delta-rs writes the partition of a missing value as the empty text.
        pairs = [(name, "=", "" if value is None else str(value)) for name, value in zip(self.columns, key)]
        metrics = self.table.optimize.compact(
            partition_filters=pairs or None, target_size=target_bytes, max_concurrent_tasks=self.workers
        )
        removed = metrics["filesRemoved"]
        removed = json.loads(removed) if isinstance(removed, str) else removed
        return metrics["numFilesRemoved"], metrics["numFilesAdded"], removed["totalSize"] or 0

    def vacuum(self, hours):
        return len(self.table.vacuum(retention_hours=hours, dry_run=False, full=True))

    def is_conflict(self, error):
        from deltalake.exceptions import CommitFailedError

        return isinstance(error, CommitFailedError)


def run(given, store, clock=time.time, say=lambda line: print(json.dumps(line), flush=True)):
    """One run: what was done, as numbers. A partition that fails does not stop the others."""
    began = clock()
    settings = Settings(
        given.target_bytes,
        given.small_bytes,
        given.start_files,
        given.min_input_files,
        given.quiet_seconds,
        store.keeps_order,
    )
    decision = decide(store.files(), settings, began)
    done = {
        "small_files": decision.small_files,
        "left_files": decision.left_files,
        "due_partitions": len(decision.partitions),
        "partitions": 0,
        "waiting_partitions": 0,
        "conflicts": 0,
        "failures": 0,
        "removed_files": 0,
        "added_files": 0,
        "rewritten_bytes": 0,
    }
    for place, partition in enumerate(decision.partitions):
        if clock() - began > given.budget_seconds:
            done["waiting_partitions"] = len(decision.partitions) - place
            break
        try:
            removed, added, size = store.compact(partition.key, given.target_bytes)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other partitions are still to be rewritten
            if store.is_conflict(error):
                # A writer changed the partition: the next run finds it again.
                done["conflicts"] += 1
            else:
                done["failures"] += 1
            say({"partition": [str(value) for value in partition.key], "error": f"{type(error).__name__}: {error}"[:500]})
            continue
        done["partitions"] += 1
        done["removed_files"] += removed
        done["added_files"] += added
        done["rewritten_bytes"] += size
    if vacuum_is_due(
        began, given.offset_seconds, given.interval_seconds, given.vacuum_interval_seconds
    ):
        try:
            done["vacuumed_files"] = store.vacuum(given.vacuum_hours)
            done["vacuumed_timestamp_seconds"] = int(clock())
        except Exception as error:  # noqa: BLE001 - what was rewritten is to be reported
            done["failures"] += 1
            say({"vacuum": f"{type(error).__name__}: {error}"[:500]})
    done["run_seconds"] = round(clock() - began, 3)
    done["reported_timestamp_seconds"] = int(clock())
    say(done)
    return done


def push(given, done):
    """POST, so that the time of the last vacuum stays when a run has none."""
    if not given.push_gateway:
        return
    lines = [f"# TYPE {PREFIX}{name} gauge\n{PREFIX}{name} {value}\n" for name, value in done.items()]
    group = ["job", given.job, "namespace", given.namespace]
    # An empty value in a path is written in base64 (Pushgateway, README).
    parts = [urllib.parse.quote(part, safe="") for part in group if part]
    address = f"{given.push_gateway}/metrics/{'/'.join(parts)}"
    request = urllib.request.Request(address, data="".join(lines).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=PUSH_TIMEOUT_SECONDS) as response:
        response.read()


def main(argv):
    given = arguments(argv)
    done = run(given, DeltaStore(given.path, given.workers))
    push(given, done)
    return 1 if done["failures"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
