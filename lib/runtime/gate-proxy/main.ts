/**
 * The gate of `BoundedService` in a container beside the program.
 *
 * Environment: those of lib/runtime/gate/options.ts, PORT, TARGET_PORT, LEAVING_SECONDS, METRICS_PORT (metrics,
 * `/readyz`, which fails from the beginning of a drain, and `/healthz`, which fails from its end), DRAIN_PORT (on loopback: any
 * request drains the gate, and is answered when that is done), and TARGET_HOST, TARGET_IDLE_SECONDS (after which an idle connection to
 * the program is closed, 4 by default) and METRICS_HOST, which may be absent.
 */
import { createServer, type ServerResponse } from 'node:http';
import { gateOptions } from '../gate/options';
import { numberSetting } from '../settings';
import { Drain } from './drain';
import { GateProxy } from './proxy';

const proxy = new GateProxy({
  ...gateOptions(),
  targetPort: numberSetting('TARGET_PORT'),
  targetHost: process.env.TARGET_HOST ?? '127.0.0.1',
  targetIdleSeconds: process.env.TARGET_IDLE_SECONDS ? numberSetting('TARGET_IDLE_SECONDS') : undefined,
});
const drain = new Drain(proxy, numberSetting('LEAVING_SECONDS'));

function answer(response: ServerResponse, isWell: boolean): void {
  response.writeHead(isWell ? 200 : 503).end(isWell ? 'ok\n' : 'drained\n');
}

const metrics = createServer((request, response) => {
  if (request.url === '/healthz') answer(response, drain.isAlive);
  else if (request.url === '/readyz') answer(response, drain.isReady);
  else response.setHeader('content-type', 'text/plain; version=0.0.4').end(proxy.bounded.metrics());
});
const drains = createServer((_request, response) => {
  void drain.begin().then(() => response.end('drained\n'));
});
metrics.listen(numberSetting('METRICS_PORT'), process.env.METRICS_HOST);
// Nobody outside of the pod may end it: where no NetworkPolicy is enforced every port of the pod is open.
drains.listen(numberSetting('DRAIN_PORT'), '127.0.0.1');
proxy.server.listen(numberSetting('PORT'));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void drain.begin().then(() => process.exit(0));
  });
}
