/** Takes the place of iconv-lite in programs that speak UTF-8 with MySQL: its tables are half of the driver. */

function refuse(encoding: string): never {
  throw new Error(`the server answers in ${encoding}, and this program reads UTF-8 only`);
}

export { refuse as getDecoder, refuse as getEncoder };
