/** Takes the place of the certificates of RDS in programs that are given those to trust. */
export const ca: string[] = [];

export default { ca };
