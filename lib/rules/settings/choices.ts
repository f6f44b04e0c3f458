/** The values of options. Without imports: the command line reads them before it knows that it will check. */

/** The lowest severity that makes the exit code 1. */
export type FailOn = 'error' | 'warning' | 'none';

/** Every threshold of the exit code. */
export const FAIL_ON: readonly FailOn[] = ['error', 'warning', 'none'];

/** How the findings are printed. */
export const FORMATS = ['text', 'json', 'sarif', 'junit', 'github', 'markdown'] as const;

/** One of them. */
export type Format = (typeof FORMATS)[number];
