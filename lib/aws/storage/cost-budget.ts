import { Annotations, Stack, Tags, Token } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Check } from '../../flow/errors';
import { allowBudgets } from '../alarm-topic';

/** Regions without budgets in US dollars, by the prefix of their names. */
const WITHOUT_BUDGETS: Readonly<Record<string, string>> = {
  'us-gov-': 'GovCloud has no AWS Budgets',
  'cn-': 'China counts in yuan, and the limit is in US dollars',
  'eusc-': 'the European Sovereign Cloud counts in euros, and the limit is in US dollars',
};

/** Refuses a budget in a region without budgets. */
export function budgetChecks(scope: Construct, asked: boolean | undefined): Check[] {
  const { region } = Stack.of(scope);
  const reason = reasonAgainst(region);
  return [
    { refused: asked === true && reason !== undefined, message: `budget must be left out in ${region}: ${reason}` },
  ];
}

/** Whether to make a budget. Warns when the region has none and the prop was not given. */
export function wantsBudget(scope: Construct, asked: boolean | undefined): boolean {
  const reason = reasonAgainst(Stack.of(scope).region);
  if (asked === undefined && reason !== undefined) {
    Annotations.of(scope).addInfoV2(
      'Backpressure::archive-budget',
      `there is no budget in ${Stack.of(scope).region}: ${reason}; the alarm on stored bytes still watches the bucket`,
    );
  }
  return (asked ?? true) && reason === undefined;
}

/** @see AWS SDK, endpoints of AWS Budgets by partition */
function reasonAgainst(region: string): string | undefined {
  if (Token.isUnresolved(region)) return undefined;
  const prefix = Object.keys(WITHOUT_BUDGETS).find((one) => region.startsWith(one));
  return prefix && WITHOUT_BUDGETS[prefix];
}

/**
 * Properties of `CostBudget`.
 */
export interface CostBudgetProps {
  /**
   * The limit in US dollars a month. Above 0.
   */
  readonly monthlyLimit: number;

  /**
   * Percent of the limit above which the topic is notified. Above 0.
   */
  readonly alertPercent: number;

  /**
   * Where the notifications go. It must be in the same account; an imported topic must let AWS Budgets publish.
   */
  readonly topic: ITopic;

  /**
   * The construct that the budget watches. It gets the tag.
   */
  readonly target: Construct;

  /**
   * Key of the cost allocation tag. It counts only after activation in the Billing console of the payer account.
   */
  readonly tagKey: string;

  /**
   * Value of the cost allocation tag.
   */
  readonly tagValue: string;
}

/**
 * A monthly AWS budget over the resources that carry one cost allocation tag. It notifies a topic when the month's
 * cost, or its forecast, is above the limit.
 *
 * L1, because aws-cdk-lib has no L2 for budgets. The budget has no explicit name: a change of its notifications
 * replaces it, and a new budget of the same name would collide with the old one.
 */
export class CostBudget extends Construct {
  /** The budget. */
  public readonly budget: CfnBudget;

  constructor(scope: Construct, id: string, props: CostBudgetProps) {
    super(scope, id);
    Tags.of(props.target).add(props.tagKey, props.tagValue);
    allowBudgets(this, props.topic);
    const subscribers = [{ subscriptionType: 'SNS', address: props.topic.topicArn }];
    this.budget = new CfnBudget(this, 'Resource', {
      budget: {
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: props.monthlyLimit, unit: 'USD' },
        costFilters: { TagKeyValue: [`user:${props.tagKey}$${props.tagValue}`] },
      },
      notificationsWithSubscribers: ['ACTUAL', 'FORECASTED'].map((notificationType) => ({
        notification: {
          notificationType,
          comparisonOperator: 'GREATER_THAN',
          threshold: props.alertPercent,
          thresholdType: 'PERCENTAGE',
        },
        subscribers,
      })),
    });
    // AWS Budgets tests the topic when the budget is created, so the topic's policy must exist before.
    this.budget.node.addDependency(props.topic);
  }
}
