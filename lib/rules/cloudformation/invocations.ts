/**
 * Who starts a Lambda function without waiting for it: what fails then is Lambda's to keep.
 */
import type { Resource, Value } from '../document';
import { functionAt } from './functions';
import type { Template } from './template';

/** Services whose permission to call a function says that nobody waits for the answer. */
const ASYNCHRONOUS_PRINCIPALS = ['sns.amazonaws.com', 's3.amazonaws.com'];

/**
 * The places at which a function is, for certain, started with an event that nobody sends again.
 *
 * A schedule that repeats is none of them: its next run does what the failed one left.
 */
export function asynchronousEvents(template: Template, handler: Resource): readonly Value[] {
  const candidates = [
    ...template
      .ofType('AWS::SNS::Subscription')
      .filter((subscription) => subscription.at('Properties', 'Protocol').text() === 'lambda')
      .map((subscription) => subscription.at('Properties', 'Endpoint')),
    ...template
      .ofType('AWS::Events::Rule')
      .filter((rule) => rule.at('Properties', 'EventPattern').present && isEnabled(rule))
      .flatMap((rule) => rule.at('Properties', 'Targets').items())
      .map((target) => target.at('Arn')),
    ...template
      .ofType('AWS::Scheduler::Schedule')
      .filter((schedule) => schedule.at('Properties', 'ScheduleExpression').text()?.startsWith('at('))
      .map((schedule) => schedule.at('Properties', 'Target', 'Arn')),
    ...template
      .ofType('AWS::S3::Bucket')
      .flatMap((bucket) => bucket.at('Properties', 'NotificationConfiguration', 'LambdaConfigurations').items())
      .map((configuration) => configuration.at('Function')),
    ...template
      .ofType('AWS::Lambda::Permission')
      .filter((permission) => ASYNCHRONOUS_PRINCIPALS.includes(permission.at('Properties', 'Principal').text() ?? ''))
      .map((permission) => permission.at('Properties', 'FunctionName')),
  ];
  return candidates.filter((value) => functionAt(template, value) === handler);
}

/** Whether a rule or a schedule is switched on, for certain. */
export function isEnabled(schedule: Resource): boolean {
  return schedule.at('Properties', 'State').text('ENABLED')?.startsWith('ENABLED') === true;
}

/** Whether what Lambda could not run may go anywhere: a dead-letter queue, or a destination. */
export function mayKeepFailures(template: Template, handler: Resource): boolean {
  return (
    !handler.at('Properties', 'DeadLetterConfig').absent ||
    template.ofType('AWS::Lambda::EventInvokeConfig').some((config) => {
      const destination = config.at('Properties', 'DestinationConfig', 'OnFailure');
      const configured = functionAt(template, config.at('Properties', 'FunctionName'));
      return !destination.absent && (configured === undefined || configured === handler);
    })
  );
}
