/**
 * Findings of other linters that a resource's author has accepted with a reason: the same finding of ours is accepted too.
 */

import { own } from '../../own';
import { list } from '../../raw';
import { isMapping, scalarText } from '../../resolved';

/** Our rule for what each of them calls a check. */
const SAME: Readonly<Record<string, string>> = {
  W86: 'BP-LOGS-001',
  CKV_AWS_66: 'BP-LOGS-001',
  CKV_AWS_338: 'BP-LOGS-001',
  CKV_AWS_116: 'BP-LAMBDA-005',
  CKV2_AWS_61: 'BP-S3-001',
  CKV_AWS_300: 'BP-S3-002',
  E3505: 'BP-SQS-004',
  'AwsSolutions-SQS3': 'BP-SQS-001',
  'Serverless-SQSRedrivePolicy': 'BP-SQS-001',
  'Serverless-LambdaDLQ': 'BP-LAMBDA-005',
  'Serverless-LambdaAsyncFailureDestination': 'BP-LAMBDA-005',
  'Serverless-EventBusDLQ': 'BP-EVENTS-001',
  'Serverless-CloudWatchLogGroupRetention': 'BP-LOGS-001',
};

/** The rules that suppressions in the metadata of a resource are about, each with its reason. */
export function acceptedElsewhere(metadata: Record<string, unknown>): [string, string][] {
  const nag = within(within(metadata, 'cfn_nag'), 'rules_to_suppress');
  const cdkNag = within(within(metadata, 'cdk_nag'), 'rules_to_suppress');
  const checkov = within(within(metadata, 'checkov'), 'skip');
  const lint = within(within(within(metadata, 'cfn-lint'), 'config'), 'ignore_checks');
  return [
    ...[...list(nag), ...list(cdkNag), ...list(checkov)].flatMap((entry) => {
      if (!isMapping(entry)) return [];
      const reason = [entry.reason, entry.comment].find((text) => typeof text === 'string' && text.trim() !== '');
      return reason === undefined ? [] : accepted(entry.id, scalarText(reason));
    }),
    // cfn-lint has no place for a reason.
    ...list(lint).flatMap((id) => accepted(id, `cfn-lint ignores ${scalarText(id)} here`)),
  ];
}

function accepted(id: unknown, reason: string): [string, string][] {
  const rule = own(SAME, scalarText(id));
  return rule === undefined ? [] : [[rule, reason]];
}

function within(value: unknown, key: string): unknown {
  return isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
