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

/** Seconds after which a program that said nothing seems to hang. */
const QUIET_SECONDS = 10;

/** Stages with their durations, and the flood's progress. */
export class Progress {
  public readonly stages: { readonly name: string; readonly seconds: number }[] = [];
  readonly #began = performance.now();
  #bar: SingleBar | undefined;
  #total = 0;
  #poison = 0;
  /** The flood says itself how far it is. */
  #flooding = false;
  #lastLine = performance.now();

  /** Runs a stage, says that it runs, that it still runs, and how long it took. */
  public async stage<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.note(`${name} …`);
    const started = performance.now();
    const alive = setInterval(() => {
      if (!this.#flooding && this.#quietSeconds() >= QUIET_SECONDS) this.note(`${name} … still`);
    }, 1000);
    // The run may end while a stage cannot be interrupted.
    alive.unref();
    try {
      const result = await work();
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      this.stages.push({ name, seconds });
      this.note(`${name}: ${seconds.toFixed(1)} s`);
      return result;
    } finally {
      clearInterval(alive);
    }
  }

  /** One line or several, as they are. */
  public say(line: string): void {
    this.#lastLine = performance.now();
    process.stderr.write(`${line}\n`);
  }

  /** One line with the seconds since the program began. */
  public note(line: string): void {
    const seconds = Math.round((performance.now() - this.#began) / 1000);
    this.say(`${`${seconds} s`.padStart(6)}  ${line}`);
  }

  public startFlood(total: number, poison: number): void {
    this.#total = total;
    this.#poison = poison;
    this.#flooding = true;
    if (!process.stderr.isTTY) return;
    this.#bar = new Bar({
      stream: process.stderr,
      hideCursor: true,
      barsize: 20,
      // Wrapped, each redraw would leave a line behind.
      linewrap: false,
      format: '  {bar} {seconds} s | sent {sent} | served {served} | waiting {backlog} | quarantined {quarantined}',
    });
    this.#bar.start(total, 0, { seconds: 0, sent: 0, served: 0, backlog: 0, quarantined: 0 });
  }

  public flood({ sent, processed, backlog, quarantined }: LiveFigures): void {
    if (this.#bar) {
      const seconds = Math.round((performance.now() - this.#began) / 1000);
      this.#bar.update(Math.min(this.#total, processed), { seconds, sent, served: processed, backlog, quarantined });
    } else if (this.#quietSeconds() >= QUIET_SECONDS) {
      this.note(
        sent < this.#total || backlog > 0
          ? `sent ${sent} of ${this.#total}, served ${processed}, ${backlog} wait`
          : `all served; orders that always fail are retried: ${quarantined} of ${this.#poison} are in quarantine`,
      );
    }
  }

  public endFlood(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#flooding = false;
  }

  #quietSeconds(): number {
    return (performance.now() - this.#lastLine) / 1000;
  }
}
