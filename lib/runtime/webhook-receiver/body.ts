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

/**
 * @throws TooLargeError as soon as more than `maxBytes` were announced or have come
 * @throws HungUpError when the rest does not come
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw new TooLargeError();
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        request.pause();
        reject(new TooLargeError());
      } else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => reject(new HungUpError()));
    request.on('close', () => reject(new HungUpError()));
  });
}
