/** The page that has every rule with its examples. */
const PAGE = 'https://github.com/backpressure-constructs/backpressure-constructs/blob/main/docs/rules.md';

/** The address of a rule's part of it. */
export function linkOf(ruleId: string): string {
  return `${PAGE}#${ruleId.toLowerCase()}`;
}
