/**
 * Output during a run: one line a stage, and a live line during the flood. All of it on stderr, so that `--json` leaves
 * stdout to the machine.
 */
import { SingleBar as Bar, type SingleBar } from 'cli-progress';

/** The figures of the live line. */
export interface LiveFigures {
  readonly sent: number;
  readonly processed: number;
  readonly backlog: number;
  readonly quarantined: number;
}

/** Seconds between lines without a terminal. */
const QUIET_SECONDS = 10;

/** Stages with their durations, and the flood's progress. */
export class Progress {
  public readonly stages: { readonly name: string; readonly seconds: number }[] = [];
  #bar: SingleBar | undefined;
  #total = 0;
  #lastLine = 0;

  /** Runs a stage, says that it runs and how long it took. */
  public async stage<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.say(`${name} …`);
    const started = performance.now();
    const result = await work();
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    this.stages.push({ name, seconds });
    this.say(`${name}: ${seconds.toFixed(1)} s`);
    return result;
  }

  public say(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  public startFlood(total: number): void {
    this.#total = total;
    if (!process.stderr.isTTY) return;
    this.#bar = new Bar({
      stream: process.stderr,
      hideCursor: true,
      format:
        '  {bar} {percentage} % | sent {sent} | processed {processed} | backlog {backlog} | quarantined {quarantined}',
    });
    this.#bar.start(total, 0, { sent: 0, processed: 0, backlog: 0, quarantined: 0 });
  }

  public flood(figures: LiveFigures): void {
    const { sent, processed, backlog, quarantined } = figures;
    if (this.#bar) {
      this.#bar.update(Math.min(this.#total, processed), figures);
    } else if (Date.now() - this.#lastLine > QUIET_SECONDS * 1000) {
      this.#lastLine = Date.now();
      this.say(
        `  sent ${sent} of ${this.#total} | processed ${processed} | backlog ${backlog} | quarantined ${quarantined}`,
      );
    }
  }

  public endFlood(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}
