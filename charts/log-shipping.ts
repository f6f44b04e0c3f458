import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import type { LogObjective, LogWorkload } from '../lib/flow/logs';
import { LogOutput } from '../lib/k8s/log-output';
import { LogShipping } from '../lib/k8s/log-shipping';
import { podSecurityNamespace } from './namespace';

/** What a node logs and may spend on it; case 1 gives the share of the disk, the rest are assumptions. */
export const NODE_LOGS: { workload: LogWorkload; objective: LogObjective } = {
  workload: {
    steadyBytesPerSecond: 200_000,
    peakBytesPerSecond: 2_000_000,
    peakSeconds: 1800,
    lineBytes: 250,
    logFiles: 4,
  },
  // 70 % of a disk of 100 GB: the rest is for images and whatever else runs on the node.
  objective: { diskBudgetBytes: 70e9, outageSeconds: 4 * 3600 },
};

/**
 * Log shipping: the log files of every node, rotated within a disk budget and shipped to Kafka (case 1). Expects the
 * Prometheus operator, a Kafka with a TLS listener in the namespace `kafka`, the Secrets `logs-kafka-user` (keys
 * `username`, `password`) and `logs-kafka-ca` (key `ca.crt`), and the image of the rotator.
 */
export class LogShippingChart extends Chart {
  /** The shipper. */
  public readonly logs: LogShipping;

  constructor(scope: Construct, id: string, props: ChartProps = {}) {
    super(scope, id, { namespace: 'log-shipping', ...props });
    // Log files are on the disk of the node, and `hostPath` is refused by the levels restricted and baseline.
    podSecurityNamespace(this, 'log-shipping', 'privileged');
    const credential = (key: string) => ({ secretName: 'logs-kafka-user', key });
    this.logs = new LogShipping(this, 'NodeLogs', {
      ...NODE_LOGS,
      logFolder: '/var/log/app',
      fileUser: 10_001,
      rotatorImage: 'docker.io/example/logrotate:3.21.0',
      output: LogOutput.kafka({
        brokers: ['logs-kafka-bootstrap.kafka:9093'],
        namespace: 'kafka',
        topic: 'app-logs',
        username: credential('username'),
        password: credential('password'),
        certificateAuthority: { secretName: 'logs-kafka-ca', key: 'ca.crt' },
      }),
    });
  }
}
