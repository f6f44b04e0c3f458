/**
 * The gate of `BoundedService` in a container beside the program.
 *
 * Environment: those of lib/runtime/gate/options.ts, PORT, TARGET_PORT, IDLE_TIMEOUT_SECONDS, LEAVING_SECONDS, METRICS_PORT (metrics
 * and `/healthz`), DRAIN_PORT (any request drains the gate, and is answered when that is done), and TARGET_HOST and
 * METRICS_HOST, which may be absent.
 */
import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { gateOptions } from '../gate/options';
import { numberSetting } from '../settings';
import { GateProxy } from './proxy';

const proxy = new GateProxy({
  ...gateOptions(),
  targetPort: numberSetting('TARGET_PORT'),
  targetHost: process.env.TARGET_HOST ?? '127.0.0.1',
  stuckSeconds: numberSetting('IDLE_TIMEOUT_SECONDS'),
});
const leavingMillis = 1000 * numberSetting('LEAVING_SECONDS');

let drained: Promise<void> | undefined;
/** Balancers still send requests until they know: those are served. Then no more are accepted. */
function drain(): Promise<void> {
  drained ??= wait(leavingMillis).then(() => proxy.close());
  return drained;
}

const metrics = createServer((request, response) => {
  if (request.url === '/healthz') response.end('ok\n');
  else response.setHeader('content-type', 'text/plain; version=0.0.4').end(proxy.bounded.metrics());
});
const drains = createServer((_request, response) => {
  void drain().then(() => response.end('drained\n'));
});
metrics.listen(numberSetting('METRICS_PORT'), process.env.METRICS_HOST);
drains.listen(numberSetting('DRAIN_PORT'));
proxy.server.listen(numberSetting('PORT'));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void drain().then(() => process.exit(0));
  });
}
