/** Starts of a function by a rule that are not repeated, because the next one comes anyway. */
import { Duration } from 'aws-cdk-lib';
import type { RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';

/** AWS Lambda API reference, PutFunctionEventInvokeConfig, MaximumEventAgeInSeconds. */
const [LEAST_AGE_SECONDS, MOST_AGE_SECONDS] = [60, 6 * 3600];

/** What a function is started with. */
export interface SingleStart {
  /** Default: the event of the rule. */
  readonly event?: RuleTargetInput;
  /**
   * The longest that a start waits, at EventBridge and in the queue of Lambda, while the function is throttled: the time to the
   * next one at most. Lambda takes 60 s to 6 hours; what is outside becomes the nearest of them.
   */
  readonly maxEventAge: Duration;
}

/**
 * A target for a rule. EventBridge tries to deliver once. Lambda puts what is delivered into a queue of its own, and repeats an
 * invocation that failed twice unless it is told otherwise: both have to be set (AWS Lambda Developer Guide, How Lambda handles
 * errors and retries with asynchronous invocation). All targets with this function have one setting there, that of the first.
 */
export function singleStart(handler: LambdaFunction, { event, maxEventAge }: SingleStart): LambdaTarget {
  const seconds = Math.min(MOST_AGE_SECONDS, Math.max(LEAST_AGE_SECONDS, maxEventAge.toSeconds()));
  const age = { retryAttempts: 0, maxEventAge: Duration.seconds(seconds) };
  if (handler.node.tryFindChild('EventInvokeConfig') === undefined) handler.configureAsyncInvoke(age);
  return new LambdaTarget(handler, { event, ...age });
}
