/** Who may talk to a pod and whom it may talk to: nobody and nobody, but for what is listed. */
import type { ApiObject } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import type { Construct } from 'constructs';

/** A destination of a pod. */
export interface Egress {
  /** TCP ports. */
  readonly ports: readonly number[];
  /** Pods of this namespace; without it, anywhere outside (`cidr`) or the own namespace. */
  readonly namespace?: string;
  /** An address range, for what runs outside the cluster. */
  readonly cidr?: string;
}

/** A network policy for the pods with these labels. DNS is always allowed. */
export function networkPolicy(
  scope: Construct,
  id: string,
  matchLabels: Record<string, string>,
  egress: readonly Egress[],
  ingressPorts: readonly number[] = [],
): ApiObject {
  const { IntOrString, KubeNetworkPolicy } = kplus.k8s;
  const tcp = (port: number) => ({ protocol: 'TCP', port: IntOrString.fromNumber(port) });
  const inNamespace = (name: string) => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
  });
  const dns = {
    to: [inNamespace('kube-system')],
    ports: [
      { protocol: 'UDP', port: IntOrString.fromNumber(53) },
      { protocol: 'TCP', port: IntOrString.fromNumber(53) },
    ],
  };
  const destination = ({ namespace, cidr }: Egress) =>
    cidr !== undefined ? { ipBlock: { cidr } } : namespace !== undefined ? inNamespace(namespace) : { podSelector: {} };
  return new KubeNetworkPolicy(scope, id, {
    spec: {
      podSelector: { matchLabels },
      policyTypes: ['Ingress', 'Egress'],
      ingress: ingressPorts.length > 0 ? [{ ports: ingressPorts.map(tcp) }] : [],
      egress: [dns, ...egress.map((one) => ({ to: [destination(one)], ports: one.ports.map(tcp) }))],
    },
  });
}
