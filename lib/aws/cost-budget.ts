import { Tags } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { allowBudgets } from './alarm-topic';

/**
 * Properties of `CostBudget`.
 */
export interface CostBudgetProps {
  /**
   * The limit in US dollars a month. Above 0.
   */
  readonly monthlyLimit: number;

  /**
   * Where the notifications go. It must be in the same account; an imported topic must let AWS Budgets publish.
   */
  readonly topic: ITopic;

  /**
   * What the budget watches. It gets the tag.
   */
  readonly target: Construct;

  /**
   * Key of the cost allocation tag. It counts only once it was activated in the Billing console of the payer account.
   */
  readonly tagKey: string;

  /**
   * Value of the cost allocation tag.
   */
  readonly tagValue: string;
}

/**
 * A monthly AWS budget over the resources that carry one cost allocation tag, which tells a topic when the month's
 * cost, or its forecast, is above the limit.
 *
 * L1, because aws-cdk-lib has no L2 for budgets. The budget gets no name of its own: a change of its notifications
 * replaces it, and a named one would then collide with itself.
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
          threshold: 100,
          thresholdType: 'PERCENTAGE',
        },
        subscribers,
      })),
    });
    // AWS Budgets tries the topic when the budget is made: the topic's policy must be there before.
    this.budget.node.addDependency(props.topic);
  }
}
