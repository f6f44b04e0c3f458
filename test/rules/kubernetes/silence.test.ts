/** How near manifests may come to what a rule finds without being found: each is the example with one thing changed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from '../../../lib/rules/check';
import { readDocuments } from '../../../lib/rules/read';

type Near = readonly [id: string, claim: string, from: string | RegExp, to: string];

const NEAR: readonly Near[] = [
  ['BP-KEDA-001', 'a rate', 'queueLength: "500"', 'mode: MessageRate\n        value: "500"'],
  [
    'BP-KEDA-001',
    'what one replica clears, by its new name',
    'queueLength: "500"',
    'mode: QueueLength\n        value: "500"',
  ],
  ['BP-KEDA-002', 'the name of a variable', /host: .*/, 'host: RABBITMQ_URL'],
  ['BP-KEDA-002', 'variables in an address', /host: .*/, `host: "amqp://\${USER}:\${PASSWORD}@mq"`],
  ['BP-KEDA-004', 'a maximum that somebody has chosen below', 'maxReplicaCount: 20', 'maxReplicaCount: 3'],
  ['BP-KEDA-017', 'as many as share them evenly', 'maxReplicaCount: 11', 'maxReplicaCount: 6'],
  ['BP-KEDA-017', 'as many as partitions', 'maxReplicaCount: 11', 'maxReplicaCount: 12'],
  [
    'BP-KEDA-017',
    'fewer than share them evenly, each of which changes something',
    'maxReplicaCount: 11',
    'maxReplicaCount: 3',
  ],
  [
    'BP-KEDA-017',
    'a topic of another name',
    /name: metrics\nspec:\n {2}partitions/,
    'name: others\nspec:\n  partitions',
  ],
  ['BP-KEDA-017', 'idle consumers are wanted', 'topic: metrics', 'topic: metrics\n        allowIdleConsumers: "true"'],
  ['BP-KEDA-010', 'as many', 'minReplicaCount: 50', 'minReplicaCount: 10'],
  ['BP-KEDA-010', 'the fewest are the default', / {2}minReplicaCount: 50\n/, ''],
  ['BP-KEDA-012', 'items of ten minutes', '"900"', '"600"'],
  [
    'BP-KEDA-012',
    'Karpenter is told',
    / {4}template:\n/,
    `    template:\n      metadata: { annotations: { karpenter.sh/do-not-disrupt: "true" } }\n`,
  ],
  ['BP-CRON-003', 'the next start ends it', 'concurrencyPolicy: Forbid', 'concurrencyPolicy: Replace'],
  ['BP-ARC-001', 'any version', 'name: linux', 'name: linux\n  labels: { app.kubernetes.io/version: 0.9.3 }'],
  ['BP-ARC-001', 'the set of another controller', 'actions.github.com/v1alpha1', 'actions.summerwind.dev/v1alpha1'],
  ['BP-ARC-002', 'a pool that is closed', '  githubConfigSecret', '  maxRunners: 0\n  githubConfigSecret'],
  ['BP-ARC-003', 'a container beside the runner', 'name: runner', 'name: dind'],
  ['BP-LOG-006', 'the copy is open in no process', /^(\s*)compress$/m, '$1compress\n$1copytruncate'],
  ['BP-LOG-007', 'a buffer in memory', 'storage.type filesystem', 'storage.type memory'],
  ['BP-INGRESS-001', 'the limit that nginx has by itself', / {2}annotations:\n.*\n/, ''],
  ['BP-INGRESS-001', 'a limit', '"0"', '10m'],
  ['BP-KAFKA-008', 'two copies, of which one may be down', 'replicas: 3', 'replicas: 2'],
  ['BP-KAFKA-008', 'what the cluster says, which is not here', /\n {2}config:\n.*\n/, '\n'],
  ['BP-KAFKA-005', 'a user of another cluster', 'strimzi.io/cluster: main', 'strimzi.io/cluster: other'],
  [
    'BP-KAFKA-005',
    'a user without quotas',
    / {2}quotas: \{ producerByteRate: 500000.*/,
    '  authentication: { type: tls }',
  ],
  ['BP-PROM-002', 'series of the cluster', /http_requests_total/, 'kube_pod_container_status_restarts_total'],
  ['BP-PROM-002', 'a job of the cluster', /http_requests_total/, 'http_requests_total{job="kube-state-metrics"}'],
  ['BP-PROM-005', 'the pod alone', 'pod|instance', 'pod'],
  ['BP-PROM-005', 'other labels', 'pod|instance', 'podium|instances'],
  ['BP-PROM-005', 'an action that keeps', 'labeldrop', 'labelkeep'],
  ['BP-PROM-006', 'a pattern without the last bucket', String.raw`|\+Inf`, ''],
  ['BP-PROM-006', 'another label', 'sourceLabels: [__name__, le]', 'sourceLabels: [__name__, path]'],
  ['BP-PROM-006', 'what is kept has the last bucket', 'action: drop', 'action: keep'],
  ['BP-PROM-006', 'a pattern that does not tell le apart', '_bucket;(', '_bucket.('],
  [
    'BP-PROM-007',
    'classic series beside the native ones',
    'convertClassicHistogramsToNHCB: true',
    'convertClassicHistogramsToNHCB: true\n  scrapeClassicHistograms: true',
  ],
  ['BP-PROM-007', 'no conversion', 'convertClassicHistogramsToNHCB: true', 'convertClassicHistogramsToNHCB: false'],
  ['BP-PROM-007', 'a name in a text', 'rate(http_request_duration_seconds_bucket[5m])', 'rate(up{a="x_bucket"}[5m])'],
  ['BP-PROM-007', 'series of the cluster', 'http_request_duration_seconds', 'apiserver_request_duration_seconds'],
  [
    'BP-ISTIO-001',
    'a share of healthy ones has to stay',
    'maxEjectionPercent',
    'minHealthPercent: 50, maxEjectionPercent',
  ],
  ['BP-ISTIO-001', 'the default share', ', maxEjectionPercent: 100', ''],
  ['BP-ISTIO-002', 'no time-out for all tries', 'timeout: 2s', 'name: a'],
  ['BP-ISTIO-002', 'no retries', 'attempts: 3', 'attempts: 0'],
  ['BP-ISTIO-004', 'what waits has a bound', '100 }', '100 }\n      http: { http1MaxPendingRequests: 74 }'],
  ['BP-ISTIO-004', 'requests have one', '100 }', '100 }\n      http: { http2MaxRequests: 222 }'],
  ['BP-ISTIO-004', 'no pool is set up at all', /connectionPool:\n.*\n/, 'loadBalancer: { simple: LEAST_REQUEST }\n'],
  ['BP-ISTIO-004', 'a placeholder decides it', /tcp: .*/, `http: "\${POOL}"`],
  [
    'BP-ISTIO-006',
    'a placeholder decides the pool',
    'outlierDetection:',
    `connectionPool: "\${POOL}"\n    outlierDetection:`,
  ],
  ['BP-ISTIO-006', 'nothing is ejected', /outlierDetection: .*/, 'loadBalancer: { simple: LEAST_REQUEST }'],
  ['BP-ISTIO-006', 'errors do not eject', 'consecutive5xxErrors: 5', 'consecutive5xxErrors: 0'],
  [
    'BP-ISTIO-006',
    'a subset that has the pool of the rule',
    / {4}outlierDetection: .*\n/,
    '    connectionPool:\n      http: { http2MaxRequests: 222 }\n  subsets:\n    - name: a\n      trafficPolicy: { outlierDetection: { consecutive5xxErrors: 5 } }\n',
  ],
  ['BP-ISTIO-005', 'a timeout that a placeholder decides', 'retries:', `timeout: "\${TIMEOUT}"\n      retries:`],
  ['BP-ISTIO-005', 'a service that does not refuse', 'SHED_STATUS', 'OTHER_STATUS'],
  ['BP-ISTIO-005', 'a route to another host', 'destination: { host: orders }', 'destination: { host: carts }'],
  ['BP-ISTIO-005', 'a route that redirects', 'retries:', 'redirect: { uri: / }\n      retries:'],
  ['BP-PROBE-001', 'a probe of the program', 'port: 9400 }', 'port: 8080 }'],
  ['BP-PROBE-001', 'a probe by the name of its own port', 'port: 9400 }', 'port: app }'],
  ['BP-PROBE-001', 'a proxy that refuses nothing', 'SHED_STATUS', 'OTHER_STATUS'],
  ['BP-PROBE-001', 'a readiness probe, which only takes its pod out', 'livenessProbe', 'readinessProbe'],
  ['BP-PROBE-001', 'a gate that ends before the program begins', 'restartPolicy: Always', 'imagePullPolicy: Always'],
  ['BP-ISTIO-003', 'it refuses with 429', "'503'", "'429'"],
  ['BP-ISTIO-003', 'the rule is of another host', 'host: orders', 'host: carts'],
  ['BP-ISTIO-003', 'the host is in another namespace', 'host: orders', 'host: orders.other.svc.cluster.local'],
  ['BP-ISTIO-003', 'the service selects other pods', 'selector: { app: orders }', 'selector: { app: carts }'],
  ['BP-ISTIO-003', 'errors do not eject', 'consecutive5xxErrors: 5', 'consecutive5xxErrors: 0'],
  ['BP-JVM-001', 'a heap in another unit of the same size', /-Xmx\S+/, '-Xmx100m'],
  ['BP-JVM-003', 'a collector by name', '-Xmx1g', '-Xmx1g -XX:+UseSerialGC'],
  ['BP-JVM-003', 'a heap that any collector collects in a moment', '-Xmx1g', '-Xmx256m'],
  ['BP-JVM-003', 'a quota that is counted as two, in memory enough', /cpu: .*/, 'cpu: 1500m, memory: 1792Mi }'],
  ['BP-JVM-003', 'no limits', /limits: .*/, 'requests: { cpu: 1 }'],
  ['BP-JVM-003', 'processors and memory enough', /cpu: .*/, 'memory: 2Gi }'],
  [
    'BP-JVM-003',
    'flags that a Secret may have',
    /value: -Xmx1g/,
    'value: -Xmx1g\n            - name: JAVA_OPTS\n              valueFrom: { secretKeyRef: { name: a, key: b } }',
  ],
  ['BP-JVM-003', 'flags of a file', /env:/, 'args: ["-Xmx1g", "@/etc/jvm.flags"]\n          env:'],
  ['BP-JVM-003', 'no JVM that is known', /JDK_JAVA_OPTIONS\n.*/, 'LEVEL\n              value: info'],
  ['BP-JVM-006', 'two processors', 'cpu: "1"', 'cpu: "2"'],
  ['BP-JVM-006', 'no limit', 'cpu: "1", ', ''],
  ['BP-JVM-006', 'a collector that stops the program', '-XX:+UseZGC', '-XX:+UseG1GC'],
  ['BP-JVM-007', 'a flight recording', '-XX:+UseZGC', '-XX:+UseZGC -XX:StartFlightRecording=disk=true'],
  ['BP-JVM-007', 'all logs', '-XX:+UseZGC', '-XX:+UseZGC -Xlog'],
  ['BP-JVM-007', 'the log among others', '-XX:+UseZGC', '-XX:+UseZGC -Xlog:safepoint,gc*:stdout'],
  ['BP-JVM-007', 'a collector that stops the program', '-XX:+UseZGC', '-XX:+UseG1GC'],
  [
    'BP-HPA-002',
    'an autoscaler of another workload',
    'kind: Deployment\n    name: thumbnails',
    'kind: Deployment\n    name: others',
  ],
  ['BP-HPA-002', 'a placeholder decides it', 'replicas: 3', `replicas: "\${REPLICAS}"`],
  [
    'BP-HPA-002',
    'an object as the server returns it',
    'name: thumbnails',
    'name: thumbnails\n  uid: 7c2f\n  resourceVersion: "12"',
  ],
  ['BP-HPA-002', 'an object with its status', 'spec:\n  replicas', 'status: { readyReplicas: 3 }\nspec:\n  replicas'],
  ['BP-HPA-001', 'a target value and no share', /type: Utilization/, 'type: AverageValue'],
];

const example = (id: string) =>
  readFileSync(join(__dirname, '..', '..', '..', 'docs', 'rules', id, 'wrong.yaml'), 'utf8');
const ids = (text: string) => check(readDocuments([{ file: 'a.yaml', text }])).map(({ ruleId }) => ruleId);

test.each(NEAR)('%s is silent: %s', (id, _, from, to) => {
  const text = example(id);
  expect(ids(text)).toContain(id);
  const near = text.replace(from, to);
  expect(near).not.toBe(text);
  expect(ids(near)).not.toContain(id);
});

test.each([
  ['a command without flags', 'command: ["/usr/bin/java", "-jar", "app.jar"]'],
  ['a processor by flag', 'command: ["java", "-Xmx1g", "-XX:ActiveProcessorCount=1", "-jar", "app.jar"]'],
])('BP-JVM-003 finds %s', (_, command) => {
  const text = example('BP-JVM-003').replace(/env:\n.*\n.*\n/, `${command}\n`);
  expect(ids(text)).toContain('BP-JVM-003');
});

test('BP-JVM-007 finds a log of something else', () => {
  expect(ids(example('BP-JVM-007').replace('-XX:+UseZGC', '-XX:+UseZGC -Xlog:safepoint'))).toContain('BP-JVM-007');
});
