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

    target_bytes: int
    small_bytes: int
    start_files: int
    min_input_files: int
    quiet_seconds: float
    # Whether files are only joined with those beside them in the log, as delta-rs does.
    keeps_order: bool


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
    # Other small files: too few in their partition, or part-filled files of earlier runs that nothing fits beside.
    left_files: int


def joined(files, settings):
    """The small files of a partition that a run would put together. A part-filled file between full ones stays."""
    small = [file for file in files if file.size < settings.small_bytes]
    if not settings.keeps_order:
        return small if len(small) > 1 else []
    found, part, size = [], [], 0
    for file in [*files, None]:
        # A full file is a barrier; so is what does not fit any more.
        if file is None or file.size >= settings.target_bytes or size + file.size > settings.target_bytes:
            if len(part) > 1:
                found += part
            part, size = [], 0
        if file is not None and file.size < settings.target_bytes:
            part.append(file)
            size += file.size
    return [file for file in found if file.size < settings.small_bytes]


def decide(files, settings, now):
    """Starts from `start_files` on, so that a run that follows another one finds nothing to do."""
    by_partition = {}
    for file in files:
        by_partition.setdefault(file.partition, []).append(file)
    due, small, left = [], 0, 0
    for key, members in by_partition.items():
        tiny = joined(members, settings)
        rest = sum(1 for file in members if file.size < settings.small_bytes) - len(tiny)
        if len(tiny) < settings.min_input_files:
            left += rest + len(tiny)
            continue
        left += rest
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
