/** What is known of a stream that was given. */
import { Token, Tokenization } from 'aws-cdk-lib';
import { CfnDeliveryStream, type IDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import { Construct } from 'constructs';

/** What a stream collects for an object; nothing where it has the defaults of Firehose. */
export interface Collected {
  readonly seconds?: number;
  readonly mebibytes?: number;
}

/** What a stream of this app collects for an object in S3; undefined where it is imported, or its numbers are not known yet. */
export function collectedBy(stream: IDeliveryStream | undefined): Collected | undefined {
  const made = Construct.isConstruct(stream) ? stream.node.defaultChild : undefined;
  if (!(made instanceof CfnDeliveryStream)) return undefined;
  const destination = made.extendedS3DestinationConfiguration;
  if (destination === undefined || Tokenization.isResolvable(destination)) return undefined;
  const hints = (destination as CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty).bufferingHints;
  if (hints === undefined) return {};
  if (Tokenization.isResolvable(hints)) return undefined;
  const { intervalInSeconds: seconds, sizeInMBs: mebibytes } = hints as CfnDeliveryStream.BufferingHintsProperty;
  return Token.isUnresolved(seconds) || Token.isUnresolved(mebibytes) ? undefined : { seconds, mebibytes };
}

/** The region of a stream: that of its ARN where it is known, as an imported stream has that of the stack otherwise. */
export function regionOf({ deliveryStreamArn: arn, env }: IDeliveryStream): string {
  return Token.isUnresolved(arn) ? env.region : arn.split(':')[3] || env.region;
}
