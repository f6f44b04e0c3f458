/** Time-outs of the functions that make a resource of a stack on AWS. */
import { chosenKnob } from './alarms';
import type { Knob } from './plan';

/** One function finds the brokers of a cluster, one passes CloudFormation's events on and reports the result. */
export function resourceTimeoutKnobs(): Knob[] {
  return [
    chosenKnob(
      'brokersLookUpTimeoutSeconds',
      120,
      's',
      'the default of the CDK: one request to Amazon MSK takes seconds',
      'AWS CDK API reference, AwsCustomResource, timeout: 2 minutes',
    ),
    chosenKnob(
      'providerTimeoutSeconds',
      900,
      's',
      'the longest time of a function: CloudFormation waits for the answer for an hour',
      'AWS CDK API reference, Provider: 15 minutes; AWS Lambda quotas: at most 900 s',
    ),
  ];
}
