/**
 * Takes the place of iconv-lite in programs that speak UTF-8 with MySQL: its tables are a third of the driver. The driver reads
 * the version of the server and names of plugins as CESU-8, which is UTF-8 but for characters beyond the basic plane.
 */

const SAME_AS_UTF_8 = 'cesu8';

/** Bytes to text. */
export function getDecoder(encoding: string): { write(bytes: Buffer): string; end(): string } {
  refuseOther(encoding);
  return { write: (bytes) => bytes.toString('utf8'), end: () => '' };
}

/** Text to bytes. */
export function getEncoder(encoding: string): { write(text: string): Buffer; end(): undefined } {
  refuseOther(encoding);
  return { write: (text) => Buffer.from(text, 'utf8'), end: () => undefined };
}

function refuseOther(encoding: string): void {
  if (encoding !== SAME_AS_UTF_8)
    throw new Error(`the server answers in ${encoding}, and this program reads UTF-8 only`);
}
