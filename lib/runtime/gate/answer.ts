/** Answers that a gate gives in place of a program, and what becomes of the program's own. */
import { type OutgoingHttpHeaders, ServerResponse } from 'node:http';

/**
 * Answers in place of the program, whatever headers it has set already and whichever methods of the response were replaced.
 *
 * @returns whether it did: not where the head of an answer has been sent, nor where the caller has gone
 */
export function answerInstead(
  response: ServerResponse,
  status: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): boolean {
  if (response.headersSent || response.destroyed) return false;
  // A length or a coding of the program's answer would be wrong for this one.
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  const { writeHead, end } = ServerResponse.prototype;
  writeHead.call(response, status, { ...headers, 'content-type': 'text/plain' });
  end.call(response, text, 'utf8');
  return true;
}

/** The answer of a handler: when its head is written and when it ends, and that it goes nowhere once another one was given. */
export class HandlerAnswer {
  /** When the handler has ended its answer, or its caller has gone. */
  public readonly ended: Promise<void>;
  #end = (): void => {};
  #isReplaced = false;

  /**
   * @param answered called when the handler writes the head
   */
  constructor(
    private readonly response: ServerResponse,
    private readonly answered: () => void,
  ) {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    // Node has no event for it; all of its ways to write a head come here.
    const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
    response.writeHead = (...args: unknown[]) => {
      answered();
      return writeHead(...args);
    };
    if (response.writableFinished || response.destroyed) this.#end();
    else
      response.once('close', () => {
        if (!this.#isReplaced) this.#end();
      });
  }

  /** Whether another answer was given in its place. */
  public get isReplaced(): boolean {
    return this.#isReplaced;
  }

  /**
   * Another answer was given in its place. The handler does not know: a header that it sets or a head that it writes now would
   * throw, often where nothing catches it, and end the process.
   */
  public replace(): void {
    this.#isReplaced = true;
    const { response } = this;
    const discard = () => response;
    const write = (...args: unknown[]) => {
      this.answered();
      called(args);
      return true;
    };
    const end = (...args: unknown[]) => {
      write(...args);
      this.#end();
      return response;
    };
    const writeHead = () => {
      this.answered();
      return response;
    };
    const headers = { setHeader: discard, setHeaders: discard, appendHeader: discard, removeHeader: discard };
    const heads = { writeHead, flushHeaders: discard, writeContinue: discard, writeProcessing: discard };
    Object.assign(response, headers, heads, { writeEarlyHints: discard, addTrailers: discard });
    Object.assign(response, { write, end, destroy: end });
  }
}

/** Calls the callback that is among the arguments of `write` and `end`. */
function called(args: readonly unknown[]): void {
  const done = args.find((one): one is () => void => typeof one === 'function');
  if (done !== undefined) queueMicrotask(done);
}
