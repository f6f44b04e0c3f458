import { CfnResource, Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { RuntimeFunction } from '../lib/aws/runtime-function';
import type { ArchiveBucket } from '../lib/aws/storage/archive-bucket';
import type { WebhookBuffer } from '../lib/aws/webhooks/webhook-buffer';

/** Constructs with accepted findings. */
export interface Acknowledged {
  readonly webhooks: WebhookBuffer;
  /** Names of the sources whose secrets the buffer generated. */
  readonly generated: readonly string[];
  readonly archive: ArchiveBucket;
  /** The service that `intake` writes to the archive for. */
  readonly service: string;
  readonly intake: RuntimeFunction;
}

/** Acknowledges each finding on the one resource that has it, with the reason. */
export function acknowledgeFindings({ webhooks, generated, archive, service, intake }: Acknowledged): void {
  const { api } = webhooks;
  for (const name of generated) {
    acknowledge(webhooks.secretOf(name), {
      'AwsSolutions-SMG4': `The sender ${name} signs with this secret and must get a new one from a person, who rotates it; the consumer accepts the previous version meanwhile.`,
    });
  }
  for (const method of api.methods) {
    acknowledge(method, {
      'AwsSolutions-APIG4':
        'Senders of webhooks sign, they do not log in: the API requires the signature header, and the consumer checks it on the raw body before a delivery has an effect.',
      'AwsSolutions-COG4': 'A sender of webhooks has no user in a Cognito pool; its signature identifies it.',
    });
  }
  acknowledge(api.deploymentStage, {
    'AwsSolutions-APIG6':
      'An execution log would hold bodies and signatures. The access log has the sender, the time and the status.',
  });
  acknowledge(api.node.findChild('CloudWatchRole'), {
    'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]':
      'API Gateway has one role for the logs of all APIs of an account, and requires exactly the permissions of this policy.',
  });
  const bucket = Stack.of(archive).getLogicalId(archive.bucket.node.defaultChild as CfnResource);
  acknowledge(intake.role?.node.findChild('DefaultPolicy'), {
    [`AwsSolutions-IAM5[Resource::<${bucket}.Arn>/service=${service}/*]`]:
      'Every order becomes a separate object, below the prefix of this one service.',
  });
}

/** Acknowledges findings on the resource of a construct, by the id of the finding: the reason. */
export function acknowledge(construct: IConstruct | undefined, reasons: Readonly<Record<string, string>>): void {
  // What has no L2 is the resource itself.
  const resource = construct && CfnResource.isCfnResource(construct) ? construct : construct?.node.defaultChild;
  if (!resource) throw new Error(`nothing to acknowledge ${Object.keys(reasons).join(', ')} on`);
  for (const [id, reason] of Object.entries(reasons)) Validations.of(resource).acknowledge({ id, reason });
}
