import type { Value } from '../document';
import type { Rule } from '../rule';
import { variableOf } from './read/containers';
import type { Manifests } from './read/manifests';

/** `timeoutSeconds` of a probe when it is left out. */
const PROBE_SECONDS = 1;

/** Rules about probes of pods that refuse. */
export const PROBE_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-PROBE-001',
    title: 'A liveness probe waits in the queue that it should be free of',
    why: 'Under load the probe is refused, or waits longer than it may, as any other request. The kubelet takes that for a program that hangs, and kills the pods that protect themselves, which overloads the others.',
    source: 'Kubernetes, Configure Liveness, Readiness and Startup Probes: timeoutSeconds, 1 by default',
    severity: 'warning',
    cases: [12],
    *check(manifests) {
      for (const workload of manifests.workloads()) {
        const containers = manifests.containers(workload);
        for (const gate of containers.filter(isGate)) {
          for (const container of containers) {
            const probe = container.at('livenessProbe');
            const port = portOf(container, probe.at('httpGet', 'port'));
            if (port === undefined || port !== variableOf(gate, 'PORT')) continue;
            const seconds = probe.at('timeoutSeconds').number(PROBE_SECONDS);
            const wait = Number(variableOf(gate, 'WAIT_SECONDS'));
            const short = seconds !== undefined && wait > seconds;
            yield {
              at: probe.at('httpGet', 'port'),
              message: `port ${port} is the queue of ${gate.at('name').text() ?? 'the gate'}: the probe is refused when it is full${short ? `, and gives up after ${seconds} s of the ${wait} s that a request may wait` : ''}`,
              fix: `probe the program itself, at port ${variableOf(gate, 'TARGET_PORT') ?? 'of its own'}, by a path that waits for nothing`,
            };
          }
        }
      }
    },
  },
];

/** A proxy with a bounded queue, as the gate of BoundedService is. */
function isGate(container: Value): boolean {
  return ['SHED_STATUS', 'QUEUE', 'PORT', 'TARGET_PORT'].every((name) => variableOf(container, name) !== undefined);
}

/** The number of a probe's port, which may be the name of one of the container's own. */
function portOf(container: Value, port: Value): string | undefined {
  const number = port.number();
  if (number !== undefined) return String(number);
  const name = port.text();
  const named = container
    .at('ports')
    .items()
    .find((one) => name !== undefined && one.at('name').text() === name);
  const own = named?.at('containerPort').number();
  return own === undefined ? undefined : String(own);
}
