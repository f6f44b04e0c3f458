import type { Rule } from '../rule';
import type { Manifests } from './read/manifests';

/** ingress-nginx, annotations: the largest body, 1m by default; 0 takes away the limit. */
const BODY_SIZE = 'nginx.ingress.kubernetes.io/proxy-body-size';

/** Rules about the door of a cluster. */
export const INGRESS_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-INGRESS-001',
    title: 'Bodies of any size are taken',
    why: 'A receiver reads a body before it can judge its signature. Without a limit at the door anybody can send bodies until its memory, or the disk on which the proxy buffers them, is full.',
    source:
      'Ingress-nginx, annotations: proxy-body-size, 1m by default; nginx, client_max_body_size: 0 disables the check',
    severity: 'warning',
    cases: [15],
    *check(manifests) {
      for (const ingress of manifests.ofType('networking.k8s.io/Ingress')) {
        const at = ingress.at('metadata', 'annotations', BODY_SIZE);
        const size = at.text() ?? at.number()?.toString();
        if (size === undefined || !/^0+[kmg]?$/i.test(size.trim())) continue;
        yield {
          at,
          message: `proxy-body-size ${size}: a body of any size reaches the services behind ${ingress.name}`,
          fix: 'set it to the largest body that they take, such as 1m',
        };
      }
    },
  },
];
