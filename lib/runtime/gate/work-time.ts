/** How long a request was worked on, without what its caller took: a limit that follows the work has to measure nothing else. */
import type { IncomingMessage } from 'node:http';

/**
 * Seconds from the end of an upload to the head of its answer. Before and after them the work goes as fast as its caller sends and
 * reads; a limit that counted that would fall for a slow network.
 */
export class WorkTime {
  readonly #began = performance.now();
  #uploaded?: number;
  #seconds?: number | false;

  /** Begins with the slot. */
  constructor(private readonly request: IncomingMessage) {
    const { headers, complete } = request;
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    if (complete || !hasBody) this.#uploaded = this.#began;
    else {
      request.once('end', () => {
        this.#uploaded = performance.now();
      });
    }
  }

  /** The head of the answer is there. */
  public answered(): void {
    this.#seconds ??= this.#untilNow();
  }

  /** Until now where there is no answer yet; false where the answer came in the middle of the upload, which says nothing. */
  public get seconds(): number | false {
    return this.#seconds ?? this.#untilNow();
  }

  #untilNow(): number | false {
    if (this.#uploaded !== undefined) return (performance.now() - this.#uploaded) / 1000;
    // What nobody has read, nobody has waited for.
    return !this.request.readableDidRead && (performance.now() - this.#began) / 1000;
  }
}
