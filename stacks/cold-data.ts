import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { ArchiveBucket } from '../lib/aws/storage/archive-bucket';
import { COLD_DATA } from '../lib/cases/case-11-cold-data';

/** Cold data: a year of logs that move to colder storage where that pays (case 11). */
export class ColdDataStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, {
      description: 'Cold data: objects move to colder storage where that pays, and expire',
      ...props,
    });
    const alarms = new Topic(this, 'Alarms', { enforceSSL: true });
    const archive = new ArchiveBucket(this, 'Archive', { workload: COLD_DATA.on.aws.workload, alarmTopic: alarms });
    new CfnOutput(this, 'BucketName', { value: archive.bucket.bucketName });
  }
}
