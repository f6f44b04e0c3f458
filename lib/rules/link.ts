/** The page with every rule; `test/rules/report.test.ts` holds its address against package.json. */
const PAGE = 'https://github.com/backpressure-constructs/backpressure-constructs/blob/main/docs/rules.md';

/** Where a rule is explained, with an example that it finds and the same mended. */
export function linkOf(ruleId: string): string {
  return `${PAGE}#${ruleId.toLowerCase()}`;
}
