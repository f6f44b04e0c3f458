import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { STORM_ON_ARC, STORM_PIPELINES } from '../lib/cases/case-13-ci-storm';
import { CiConcurrency } from '../lib/k8s/ci/ci-concurrency';
import { restrictedNamespace } from './namespace';

/** Where the environment stands. */
export interface DeliveryProps extends ChartProps {
  /**
   * Name of the runner set, which an organization has once.
   *
   * @default delivery
   */
  readonly runnerSetName?: string;
}

/**
 * Delivery: runners for the pushes of a busy hour (case 13). Expects Actions Runner Controller in `arc-systems`, with its
 * metrics switched on, the Secret `github-app`, and the Prometheus operator. The address and the image stand for your own.
 */
export class DeliveryChart extends Chart {
  /** The runners. */
  public readonly runners: CiConcurrency;

  constructor(scope: Construct, id: string, props: DeliveryProps = {}) {
    super(scope, id, { namespace: 'delivery', ...props });
    restrictedNamespace(this);
    const { workload, objective } = STORM_ON_ARC;
    this.runners = new CiConcurrency(this, 'Runners', {
      workload,
      objective,
      pipelines: STORM_PIPELINES,
      runnerSetName: props.runnerSetName ?? 'delivery',
      githubConfigUrl: 'https://github.com/example/shop',
      githubSecretName: 'github-app',
      controllerVersion: '0.14.2',
      image: 'ghcr.io/actions/actions-runner:2.335.0',
    });
  }
}
