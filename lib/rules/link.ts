/** The pages of the rules; `test/rules/report.test.ts` holds their address against package.json. */
const PAGES = 'https://github.com/backpressure-constructs/backpressure-constructs/blob/main/docs/rules';

/** Where a rule is explained, with an example that it finds and the same mended. */
export function linkOf(ruleId: string): string {
  return `${PAGES}/${ruleId}/README.md`;
}
