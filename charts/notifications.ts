import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { CHORES } from '../lib/cases/case-04-cron-stampede';
import { SpreadSchedule } from '../lib/k8s/schedule/spread-schedule';
import { restrictedNamespace } from './namespace';

/** Port of the services' databases. */
const POSTGRESQL_PORT = 5432;

/**
 * Notifications: the hourly chores of 36 services at minutes of their own, on machines that answer requests as well (case
 * 4). Expects kube-state-metrics and the Prometheus operator, and the services' database in the namespace `database`.
 */
export class NotificationsChart extends Chart {
  /** The chores. */
  public readonly chores: SpreadSchedule;

  constructor(scope: Construct, id: string, props: ChartProps = {}) {
    super(scope, id, { namespace: 'notifications', ...props });
    restrictedNamespace(this);
    const { jobs, ...promise } = CHORES;
    this.chores = new SpreadSchedule(this, 'Chores', {
      ...promise,
      jobs: jobs.map((job) => ({
        ...job,
        image: 'docker.io/example/chores:1.0.0',
        args: [job.name],
        egress: [{ ports: [POSTGRESQL_PORT], namespace: 'database' }],
      })),
    });
  }
}
