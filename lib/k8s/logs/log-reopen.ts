import type { Check } from '../../flow/errors';

/**
 * How the writer of a log file switches to the new one after a rotation. The old one is renamed, never truncated: until
 * the writer reopens, its lines go into the renamed file, and none is lost.
 */
export class LogReopen {
  /**
   * The writer detects that its file was renamed and opens a new one, as Python's `WatchedFileHandler` does, or opens
   * the file again for every line, as a shell does with `>>`. The rotator needs no permission on processes.
   */
  public static byWriter(): LogReopen {
    return new LogReopen(undefined, undefined);
  }

  /**
   * Every process of that name gets a signal after a rotation: `nginx` expects USR1, many daemons HUP. For this the
   * rotator sees the processes of the node (`hostPID`) and runs as the user of the writer, which may signal only its
   * own processes.
   *
   * @param processName name of the process as `ps -o comm` shows it, 1 to 15 letters, digits, `.`, `_` and `-`
   * @param signal `HUP`, `USR1` or `USR2`
   */
  public static signal(processName: string, signal: string): LogReopen {
    return new LogReopen(processName, signal);
  }

  private constructor(
    /** @internal */
    public readonly _processName: string | undefined,
    /** @internal */
    public readonly _signal: string | undefined,
  ) {}

  /** @internal */
  public get _checks(): Check[] {
    return [
      {
        // The kernel cuts the name of a process at 15 characters; a longer one would never be found.
        refused: this._processName !== undefined && !/^[A-Za-z0-9._-]{1,15}$/.test(this._processName),
        message: `reopen: the name of the process must be 1 to 15 letters, digits, '.', '_' and '-', got '${this._processName}'`,
      },
      {
        refused: this._signal !== undefined && !['HUP', 'USR1', 'USR2'].includes(this._signal),
        message: `reopen: the signal must be HUP, USR1 or USR2, got '${this._signal}'`,
      },
    ];
  }
}
