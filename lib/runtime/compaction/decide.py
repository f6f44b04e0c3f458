"""Which partitions of a Delta table are rewritten now: pure, from the files that the log names."""

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """A file of the present version."""

    partition: tuple
    size: int
    # Seconds since 1970.
    modified: float


@dataclass(frozen=True)
class Settings:
    """Knobs of the plan."""

    small_bytes: int
    start_files: int
    min_input_files: int
    quiet_seconds: float


@dataclass(frozen=True)
class Partition:
    """A partition with small files."""

    key: tuple
    files: int
    size: int


@dataclass(frozen=True)
class Decision:
    """What a run does."""

    # Most small files first; empty when there is nothing to do.
    partitions: tuple
    # Small files that a run could rewrite, in partitions that are still written to as well.
    small_files: int
    # Small files in partitions with fewer than min_input_files: part-filled files of earlier runs.
    left_files: int


def decide(files, settings, now):
    """Starts from `start_files` on, so that a run that follows another one finds nothing to do."""
    by_partition = {}
    for file in files:
        by_partition.setdefault(file.partition, []).append(file)
    due, small, left = [], 0, 0
    for key, members in by_partition.items():
        tiny = [file for file in members if file.size < settings.small_bytes]
        if len(tiny) < settings.min_input_files:
            left += len(tiny)
            continue
        small += len(tiny)
        # A clock that is behind the writers' makes a file look as if it were of the future: not quiet.
        if settings.quiet_seconds > 0 and now - max(file.modified for file in members) < settings.quiet_seconds:
            continue
        due.append(Partition(key, len(tiny), sum(file.size for file in tiny)))
    if sum(partition.files for partition in due) < settings.start_files:
        due = []
    due.sort(key=lambda partition: (-partition.files, str(partition.key)))
    return Decision(tuple(due), small, left)


def vacuum_is_due(now, offset_seconds, interval_seconds, vacuum_interval_seconds):
    """In the first run of each day. The log does not say when nothing was found to delete, so it is by the clock."""
    return (now - offset_seconds) % vacuum_interval_seconds < interval_seconds
