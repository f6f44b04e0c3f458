/**
 * What claims are held against: the program that users run, or a stand-in for it. The label of a row of the proof is made of
 * the names below, with versions; a name that is missing here is an error, so that no row is called measured by default.
 */

/** `real`: the program or library itself. `emulator`: another program that behaves like it as far as its author took it. */
export type EngineKind = 'real' | 'emulator';

const KINDS: Readonly<Record<string, EngineKind>> = {
  'Apache Kafka': 'real',
  Kafka: 'real',
  RabbitMQ: 'real',
  'Redis Streams': 'real',
  Redis: 'real',
  MariaDB: 'real',
  Filebeat: 'real',
  logrotate: 'real',
  Prometheus: 'real',
  Spark: 'real',
  'Delta Lake': 'real',
  'delta-rs': 'real',
  'on a local disk': 'real',
  OpenJDK: 'real',
  ThreadPoolExecutor: 'real',
  CapacityLimiter: 'real',
  anyio: 'real',
  k6: 'real',
  'Node.js HTTP server': 'real',
  'that becomes slower': 'real',
  'behind the shipped gate': 'real',
  KEDA: 'real',
  autoscaler: 'real',
  'CronJob controller': 'real',
  'Kubernetes API server': 'real',
  'deleted when done': 'real',
  // SQS, Lambda, API Gateway, Kinesis and DynamoDB of one young project.
  'local AWS (MiniStack)': 'emulator',
  'DynamoDB of a local AWS (MiniStack)': 'emulator',
  // Google's own test double for its client libraries, without minimum backoff and push.
  'Pub/Sub emulator (pstest)': 'emulator',
  // A program of the tests that dispatches within the limits that Google documents.
  'played Cloud Tasks': 'emulator',
  // Neither MongoDB nor Amazon DocumentDB; the shell in front of it is MongoDB's own.
  "SecantusDB (speaks MongoDB's protocol)": 'emulator',
  "MongoDB's shell": 'real',
};

/** The longer name first, where one contains another. */
const NAMES = Object.keys(KINDS).sort((a, b) => b.length - a.length);

/**
 * Whether all of what a label names is the real thing.
 *
 * @throws Error for a label with a name that the table lacks
 */
export function kindOf(label: string): EngineKind {
  const named: string[] = [];
  let rest = label;
  for (const name of NAMES) {
    if (!rest.includes(name)) continue;
    named.push(name);
    rest = rest.replaceAll(name, '');
  }
  const unknown = rest.replace(/\d+(\.\d+)*|\band\b|[,\s]/g, '');
  if (unknown !== '' || named.length === 0)
    throw new Error(`the engine ${label} of a claim is not in docs/engines.ts: say there whether it is real`);
  return named.some((name) => KINDS[name] === 'emulator') ? 'emulator' : 'real';
}
