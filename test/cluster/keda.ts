/** What KEDA and the autoscaler say about a worker. */
import { get, kubectl } from './kubernetes';

/** Where KEDA's operator answers Prometheus. */
const METRICS = process.env.KEDA_METRICS ?? '127.0.0.1:18080';

/** The named conditions of an object that are true. */
export async function conditions(kind: string, name: string, namespace: string): Promise<string[]> {
  const { status } = await get(kind, name, namespace);
  const all: { type: string; status: string }[] = status?.conditions ?? [];
  return all.filter((condition) => condition.status === 'True').map((condition) => condition.type);
}

/** What the autoscaler of a ScaledObject is told when it asks, item for item. */
export async function outstanding(scaledObject: string, namespace: string): Promise<number> {
  const [{ external }] = (await get('hpa', `keda-hpa-${scaledObject}`, namespace)).spec.metrics;
  const selector = encodeURIComponent(`scaledobject.keda.sh/name=${scaledObject}`);
  const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${external.metric.name}`;
  const { items } = JSON.parse(await kubectl(['get', '--raw', `${path}?labelSelector=${selector}`]));
  return quantity(items[0].value);
}

/** Replicas that the autoscaler asks for. */
export async function wanted(scaledObject: string, namespace: string): Promise<number | undefined> {
  return (await get('hpa', `keda-hpa-${scaledObject}`, namespace)).status?.desiredReplicas;
}

/** Replicas that a Deployment is told to have. */
export async function replicas(deployment: string, namespace: string): Promise<number> {
  return (await get('deployment', deployment, namespace)).spec.replicas;
}

/** What Prometheus would read from KEDA for a selector, such as `name{label="value"}`. */
export async function published(selector: string): Promise<number[]> {
  const [, metric, matchers] = /^(\w+)\{(.*)\}$/.exec(selector) ?? [];
  const lines = (await (await fetch(`http://${METRICS}/metrics`)).text()).split('\n');
  return lines
    .filter((line) => line.startsWith(`${metric}{`))
    .filter((line) => matchers.split(',').every((matcher) => fits(line, matcher)))
    .map((line) => Number(line.split(' ').at(-1)));
}

/** An empty value is that of a label that is not there. */
function fits(line: string, matcher: string): boolean {
  const [label, value] = matcher.split('=');
  const has = (text: string) => line.includes(`{${text}`) || line.includes(`,${text}`);
  return value === '""' ? !has(`${label}=`) : has(matcher);
}

/** Kubernetes writes thousandths with an m. */
function quantity(text: string): number {
  return text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text);
}
