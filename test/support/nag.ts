/** cdk-nag's AwsSolutions pack over a construct tree. */
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';

/** One rule that one resource breaks. */
export interface NagFinding {
  readonly rule: string;
  readonly path: string;
}

/** What is found and not acknowledged; warnings count as much as errors. */
export function nagFindings(scope: IConstruct): NagFinding[] {
  return findings(new AwsSolutionsChecks(scope), scope);
}

/** What would be found if nothing were acknowledged. */
export function rawNagFindings(scope: IConstruct): NagFinding[] {
  return findings(Object.assign(new AwsSolutionsChecks(scope), { isAcknowledged: () => false }), scope);
}

function findings(pack: AwsSolutionsChecks, scope: IConstruct): NagFinding[] {
  return pack
    .validateScope(scope)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => ({ rule: ruleName, path: constructPath ?? '?' })),
    );
}
