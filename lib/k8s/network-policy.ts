/** Network policies of pods: no connection in or out, except those listed. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { DnsServers } from './dns-servers';

/** A destination of a pod. */
export interface Egress {
  /** TCP ports. */
  readonly ports: readonly number[];
  /** Pods of this namespace; without it, anywhere outside (`cidr`) or the own namespace. */
  readonly namespace?: string;
  /** An address range outside the cluster. */
  readonly cidr?: string;
  /** Excluded ranges within it. */
  readonly except?: readonly string[];
  /** More address ranges outside the cluster. */
  readonly cidrs?: readonly string[];
}

/** Link-local addresses: at 169.254.169.254 clouds give any pod the credentials of its node. */
const LINK_LOCAL = '169.254.0.0/16';
/** RFC 1918 and RFC 6598: nodes, pods, services and networks beside the cluster, never the internet. */
const PRIVATE = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'];

/** Any address outside the cluster, private or public. */
export const ANYWHERE: Pick<Egress, 'cidr' | 'except'> = { cidr: '0.0.0.0/0', except: [LINK_LOCAL] };
/** Only the internet. */
export const INTERNET: Pick<Egress, 'cidr' | 'except'> = { cidr: '0.0.0.0/0', except: [...PRIVATE, LINK_LOCAL] };

/** Where a server is: in a namespace, in an address range, or anywhere outside. */
export function placeOf(namespace: string | undefined, cidr: string | undefined): Omit<Egress, 'ports'> {
  if (namespace !== undefined) return { namespace };
  return cidr === undefined ? ANYWHERE : { cidr };
}

/** The remark on servers that have a domain or another namespace in their name, and of which the place was not given. */
export function unplaced(hosts: readonly string[], placed: boolean): string[] {
  const elsewhere = placed ? [] : hosts.filter((host) => host.includes('.'));
  if (elsewhere.length === 0) return [];
  return [
    `the network policy allows ${elsewhere.join(', ')} only as pods of the own namespace: give namespace, cidr or cidrs if they are elsewhere`,
  ];
}

/** An allowed source of connections to a pod. */
export interface Ingress {
  /** TCP ports. */
  readonly ports: readonly number[];
  /**
   * From pods of this namespace; without it, of the own one. Policies do not apply to the node itself, for instance to
   * probes.
   */
  readonly namespace?: string;
}

const DNS_PORT = 53;

/** A network policy for the pods with these labels. DNS is always allowed. */
export function networkPolicy(
  scope: Construct,
  id: string,
  matchLabels: Record<string, string>,
  egress: readonly Egress[],
  ingress?: Ingress | readonly Ingress[],
  dns: DnsServers = {},
): ApiObject {
  const tcp = (port: number) => ({ protocol: 'TCP', port });
  const inNamespace = (name: string) => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
  });
  const resolver = (to: readonly object[], port: number) => ({
    to,
    ports: ['UDP', 'TCP'].map((protocol) => ({ protocol, port })),
  });
  const servers = {
    ...inNamespace(dns.namespace ?? 'kube-system'),
    ...(dns.podLabels === undefined ? {} : { podSelector: { matchLabels: dns.podLabels } }),
  };
  const names = [
    resolver([servers], dns.port ?? DNS_PORT),
    ...(dns.cidrs === undefined
      ? []
      : [
          resolver(
            dns.cidrs.map((cidr) => ({ ipBlock: { cidr } })),
            DNS_PORT,
          ),
        ]),
  ];
  const destinations = ({ namespace, cidr, except, cidrs = [] }: Egress) => {
    const ranges = [
      ...(cidr === undefined ? [] : [{ ipBlock: { cidr, except: except && [...except] } }]),
      ...cidrs.map((one) => ({ ipBlock: { cidr: one } })),
    ];
    if (ranges.length > 0) return ranges;
    return [namespace === undefined ? { podSelector: {} } : inNamespace(namespace)];
  };
  return new ApiObject(scope, id, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    spec: {
      podSelector: { matchLabels },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [ingress ?? []].flat().map(({ namespace, ports }: Ingress) => ({
        from: [namespace === undefined ? { podSelector: {} } : inNamespace(namespace)],
        ports: ports.map(tcp),
      })),
      egress: [...names, ...egress.map((one) => ({ to: destinations(one), ports: one.ports.map(tcp) }))],
    },
  });
}

/** Sources that may connect to some ports of a pod. */
export interface Sources {
  /** TCP ports. */
  readonly ports: readonly number[];
  /** Pods of these namespaces. */
  readonly namespaces: readonly string[];
  /** Pods of the own namespace as well. */
  readonly own?: boolean;
}

/** A network policy that says who may connect to pods, and nothing of where they connect to. */
export function ingressPolicy(
  scope: Construct,
  id: string,
  matchLabels: Record<string, string>,
  sources: readonly Sources[],
): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    spec: {
      podSelector: { matchLabels },
      policyTypes: ['Ingress'],
      ingress: sources.map(({ ports, namespaces, own }) => ({
        from: [
          ...(own ? [{ podSelector: {} }] : []),
          ...namespaces.map((name) => ({
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
          })),
        ],
        ports: ports.map((port) => ({ protocol: 'TCP', port })),
      })),
    },
  });
}
