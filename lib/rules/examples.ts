import data from './examples.json';
import { own } from './own';

/** A document that a rule finds, and the same without the fault, in YAML. */
export interface Examples {
  readonly wrong: string;
  readonly right: string;
}

/** The examples of a rule; `npm run docs` takes them from docs/rules, which is not in the package. */
export function examplesOf(ruleId: string): Examples {
  const found = own<Examples>(data, ruleId);
  if (found === undefined) throw new Error(`lib/rules/examples.json has no ${ruleId}; npm run docs writes it`);
  return found;
}
