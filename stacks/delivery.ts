import { Stack, type StackProps } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { CiConcurrency } from '../lib/aws/ci/ci-concurrency';
import { STORM_ON_CODEBUILD, STORM_PIPELINES } from '../lib/cases/case-13-ci-storm';
import { acknowledge } from './acknowledgements';

/** Delivery: runners for the pushes of a busy hour (case 13). The repository stands for your own. */
export class DeliveryStack extends Stack {
  /** The runners. */
  public readonly runners: CiConcurrency;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: 'Delivery: runners for the pushes of a busy hour, in CodeBuild', ...props });
    const alarmTopic = new Topic(this, 'Alarms', { enforceSSL: true });
    const { workload, objective, quota } = STORM_ON_CODEBUILD;
    this.runners = new CiConcurrency(this, 'Runners', {
      workload,
      objective,
      quota,
      pipelines: STORM_PIPELINES,
      projectName: `${id.replace(/[^A-Za-z0-9]+/g, '-')}-runners`,
      owner: 'example',
      repository: 'shop',
      alarmTopic,
    });
    acknowledge(this.runners.project, {
      'AwsSolutions-CB4': 'The key of a project encrypts its artifacts, and runners have none.',
    });
  }
}
