/**
 * The function of `KafkaQuotas`: the pure parts wired to Kafka and Secrets Manager. Settings come as environment
 * variables, quotas with each event.
 */
import { countMetric } from '../metrics';
import {
  handleEvent,
  type Ports,
  type RepairAnswer,
  type RepairEvent,
  type ResourceAnswer,
  type ResourceEvent,
} from './apply';
import { quotaCluster } from './cluster';
import { scramSignIn } from './scram-sign-in';
import { iamSignIn } from './sign-in';

const ports: Ports = {
  async connect(brokers) {
    const secretArn = process.env.SECRET_ARN;
    const sasl = secretArn ? await scramSignIn(secretArn) : iamSignIn(process.env);
    return quotaCluster({ brokers, sasl, tls: true });
  },
  count: (name, details) => countMetric(name, {}, details),
};

export async function handler(event: ResourceEvent | RepairEvent): Promise<ResourceAnswer | RepairAnswer> {
  return handleEvent(event, ports);
}
