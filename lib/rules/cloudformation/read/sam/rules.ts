/**
 * Events that EventBridge delivers to a function or to a state machine: a schedule, a pattern.
 */

import { mapping, type Raw } from '../../../raw';
import { isMapping } from '../../../resolved';
import { getAtt, type Made, type Owner, type Places, pick } from './made';
import { allow, roleProperties } from './policies';

/** Longest id of a target. */
const TARGET_ID = 64;

/** What an event starts. */
export interface Started {
  /** The ARN of it, or a reference to its alias. */
  readonly arn: unknown;
  /** What SAM appends to the id of a target. */
  readonly suffix: string;
  /** The action that starts it. */
  readonly action: string;
}

/** Makes the EventBridge rule of an event of type Schedule, EventBridgeRule or CloudWatchEvent. */
export function addRule(made: Made, owner: Owner, id: string, given: Raw, started: Started): void {
  const target: Raw = {
    Arn: started.arn,
    Id: targetId(given, id, started.suffix),
    ...pick(given, ['Input', 'RetryPolicy']),
  };
  const queue = deadLetterArn(made, owner, id, given);
  if (queue !== undefined) target.DeadLetterConfig = { Arn: queue };
  const properties: Raw = {
    ...pick(given, ['EventBusName', 'Description']),
    Name: given.RuleName ?? given.Name,
    ScheduleExpression: given.Schedule,
    EventPattern: given.Pattern,
    State: stateOf(given),
    Targets: [target],
  };
  made.add(owner, id, 'AWS::Events::Rule', defined(properties), RULE_PLACES);
}

const RULE_PLACES: Places = {
  ScheduleExpression: 'Schedule',
  EventPattern: 'Pattern',
  'Targets[0].DeadLetterConfig': 'DeadLetterConfig',
  'Targets[0].RetryPolicy': 'RetryPolicy',
  'Targets[0]': '',
};

/** Makes the schedule of EventBridge Scheduler of an event of type ScheduleV2, and the role that it runs under. */
export function addSchedule(made: Made, owner: Owner, id: string, given: Raw, started: Started): void {
  const queue = deadLetterArn(made, owner, id, given);
  const role = given.RoleArn ?? getAtt(`${id}Role`, 'Arn');
  const target: Raw = { Arn: started.arn, RoleArn: role, ...pick(given, ['Input', 'RetryPolicy']) };
  if (queue !== undefined) target.DeadLetterConfig = { Arn: queue };
  const properties: Raw = {
    ...pick(given, [
      'ScheduleExpression',
      'ScheduleExpressionTimezone',
      'State',
      'StartDate',
      'EndDate',
      'GroupName',
      'Description',
    ]),
    Name: given.OmitName === true ? undefined : (given.Name ?? id),
    FlexibleTimeWindow: given.FlexibleTimeWindow ?? { Mode: 'OFF' },
    Target: target,
  };
  made.add(owner, id, 'AWS::Scheduler::Schedule', defined(properties), SCHEDULE_PLACES);
  if (given.RoleArn !== undefined) return;
  const statements = [allow(started.action, started.arn)];
  if (queue !== undefined) statements.push(allow('sqs:SendMessage', queue));
  made.add(owner, `${id}Role`, 'AWS::IAM::Role', roleProperties([], statements));
}

const SCHEDULE_PLACES: Places = {
  'Target.DeadLetterConfig': 'DeadLetterConfig',
  'Target.RetryPolicy': 'RetryPolicy',
  Target: '',
};

/** The ARN of the dead-letter queue of an event; SAM makes one when only its type is given. */
function deadLetterArn(made: Made, owner: Owner, id: string, given: Raw): unknown {
  if (!isMapping(given.DeadLetterConfig)) return given.DeadLetterConfig;
  const { Arn, QueueLogicalId, Type } = given.DeadLetterConfig;
  if (Arn !== undefined || Type === undefined) return Arn;
  const queue = typeof QueueLogicalId === 'string' ? QueueLogicalId : `${id}Queue`;
  made.add(owner, queue, 'AWS::SQS::Queue', {}, { '': 'DeadLetterConfig' });
  return getAtt(queue, 'Arn');
}

/** `Enabled: false` of SAM is `State: DISABLED` of EventBridge. */
function stateOf(given: Raw): unknown {
  if (given.State !== undefined || given.Enabled === undefined) return given.State;
  if (typeof given.Enabled === 'boolean') return given.Enabled ? 'ENABLED' : 'DISABLED';
  // An intrinsic function: not decided.
  return { Ref: 'AWS::StackName' };
}

function targetId(given: Raw, id: string, suffix: string): unknown {
  return mapping(given.Target).Id ?? id.slice(0, TARGET_ID - suffix.length) + suffix;
}

/** Without the properties that are not given. */
export function defined(properties: Raw): Raw {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}
