import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { NODE_LOGS } from '../lib/cases/case-01-log-flood';
import { LogOutput } from '../lib/k8s/logs/log-output';
import { LogShipping } from '../lib/k8s/logs/log-shipping';
import { podSecurityNamespace } from './namespace';

/** Differences between installations on the same nodes. */
export interface LogShippingChartProps extends ChartProps {
  /**
   * Folder of the nodes with the log files.
   *
   * @default /var/log/app
   */
  readonly logFolder?: string;
}

/**
 * Log shipping: the log files of every node, rotated within a disk budget and shipped to Kafka (case 1). Expects the
 * Prometheus operator, a Kafka with a TLS listener in the namespace `kafka`, the Secrets `logs-kafka-user` (keys
 * `username`, `password`) and `logs-kafka-ca` (key `ca.crt`), and the image of the rotator.
 */
export class LogShippingChart extends Chart {
  /** The shipper. */
  public readonly logs: LogShipping;

  constructor(scope: Construct, id: string, { logFolder = '/var/log/app', ...props }: LogShippingChartProps = {}) {
    super(scope, id, { namespace: 'log-shipping', ...props });
    // Log files are on the disk of the node, and the levels restricted and baseline refuse `hostPath`.
    podSecurityNamespace(this, 'privileged');
    const credential = (key: string) => ({ secretName: 'logs-kafka-user', key });
    this.logs = new LogShipping(this, 'NodeLogs', {
      ...NODE_LOGS,
      logFolder,
      // The DaemonSet's own name, the default, is the same in every namespace.
      stateName: this.namespace,
      fileUser: 10_001,
      rotatorImage: 'docker.io/example/logrotate:3.21.0',
      output: LogOutput.kafka({
        bootstrapServers: ['logs-kafka-bootstrap.kafka:9093'],
        namespace: 'kafka',
        topic: 'app-logs',
        username: credential('username'),
        password: credential('password'),
        certificateAuthority: { secretName: 'logs-kafka-ca', key: 'ca.crt' },
      }),
    });
  }
}
