/** Reads a request's body up to a limit, so that no sender decides the memory use of an instance. */
import type { IncomingMessage } from 'node:http';

/** The body is longer than allowed. */
export class TooLargeError extends Error {
  public override readonly name = 'TooLargeError';
}

/** The sender ended the connection before its body was whole. */
export class HungUpError extends Error {
  public override readonly name = 'HungUpError';
}

/** As many bodies are in memory as may be. */
export class NoRoomError extends Error {
  public override readonly name = 'NoRoomError';
}

/** Where a body is kept. Each answer is whether there is room. */
export interface BodyRoom {
  /** So many bytes more have come. */
  take(bytes: number): boolean;
  /** All of it is there: now it is in work. */
  finish(): boolean;
}

/** As much as comes. */
const ENDLESS: BodyRoom = { take: () => true, finish: () => true };

/**
 * @param begin finds room for a body that begins
 * @throws TooLargeError as soon as more than `maxBytes` were announced or have come
 * @throws NoRoomError when there is no room for it
 * @throws HungUpError when the rest does not come
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  begin: () => BodyRoom | undefined = () => ENDLESS,
): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw new TooLargeError();
  const room = begin();
  if (room === undefined) throw new NoRoomError();
  const chunks: Buffer[] = [];
  let bytes = 0;
  const body = await new Promise<Buffer>((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        request.pause();
        reject(new TooLargeError());
      } else if (room.take(chunk.length)) chunks.push(chunk);
      else {
        // The rest is read and dropped, or its sender would not hear the answer.
        chunks.length = 0;
        request.removeAllListeners('data').resume();
        reject(new NoRoomError());
      }
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => reject(new HungUpError()));
    request.on('close', () => reject(new HungUpError()));
  });
  if (!room.finish()) throw new NoRoomError();
  return body;
}
