import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { CHORES } from '../lib/cases/case-04-cron-stampede';
import { MAILING } from '../lib/cases/case-07-mail-rate-limit';
import { STORM } from '../lib/cases/case-09-invalidation-storm';
import { CoalescingQueue } from '../lib/k8s/merging/coalescing-queue';
import { Invalidator } from '../lib/k8s/merging/invalidator';
import { RateLimitedSender } from '../lib/k8s/rates/rate-limited-sender';
import { SenderProvider } from '../lib/k8s/rates/sender-provider';
import { SpreadSchedule } from '../lib/k8s/schedule/spread-schedule';
import { restrictedNamespace } from './namespace';

/** Port of the services' databases. */
const POSTGRESQL_PORT = 5432;

/**
 * Notifications: the hourly chores of 36 services at minutes of their own, on machines that answer requests as well (case
 * 4); a campaign that leaves at the rate of its provider, each mail once (case 7); and announcements of changes, merged by the
 * key of the cached page (case 9).
 *
 * Expects kube-state-metrics and the Prometheus operator; the services' database in the namespace `database`; a Redis with
 * TLS in the namespace `redis`, and the Secrets `mailing-redis` (keys `password`, `ca.crt`), `mailing-smtp` (key `connection`)
 * and `announcements` (key `url`, the address of that Redis); and a service `rebuild` in the namespace `shop`.
 */
export class NotificationsChart extends Chart {
  /** The chores. */
  public readonly chores: SpreadSchedule;
  /** The campaign. */
  public readonly mailing: RateLimitedSender;

  /** The announcements. */
  public readonly invalidations: CoalescingQueue;

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
    this.mailing = new RateLimitedSender(this, 'Mailing', {
      ...MAILING,
      provider: SenderProvider.smtp({ connection: { secretName: 'mailing-smtp', key: 'connection' } }),
      from: 'Mailing <mailing@example.com>',
      redis: {
        host: 'redis.redis',
        namespace: 'redis',
        password: { secretName: 'mailing-redis', key: 'password' },
        certificateAuthority: { secretName: 'mailing-redis', key: 'ca.crt' },
      },
    });
    this.invalidations = new CoalescingQueue(this, 'Invalidations', {
      ...STORM,
      invalidator: Invalidator.http({ url: 'http://rebuild.shop:8080/keys', namespace: 'shop' }),
      stream: 'announcements',
      redis: {
        host: 'redis.redis',
        namespace: 'redis',
        password: { secretName: 'announcements-redis', key: 'password' },
        certificateAuthority: { secretName: 'announcements-redis', key: 'ca.crt' },
      },
    });
  }
}
