import { type Check, wholeNumber } from '../flow/errors';
import { type Kinds, listOf, mapOf, NUMBER, struct, TEXT } from '../flow/kinds';
import { cidrs, dnsLabel, labelChecks } from './names';

/**
 * The DNS servers of a cluster, which every pod with a NetworkPolicy has to reach.
 */
export interface DnsServers {
  /**
   * Namespace of the servers: `openshift-dns` on OpenShift.
   *
   * @default kube-system
   */
  readonly namespace?: string;

  /**
   * Labels of their pods, such as `k8s-app: kube-dns`.
   *
   * @default - every pod of the namespace
   */
  readonly podLabels?: { [label: string]: string };

  /**
   * Port of the pods, not of their Service: 5353 on OpenShift. 1 to 65,535.
   *
   * @default 53
   */
  readonly port?: number;

  /**
   * Addresses of further servers on port 53, such as `169.254.20.10/32` for NodeLocal DNSCache.
   *
   * @default - none
   */
  readonly cidrs?: string[];
}

/** The kind of the prop. */
export const DNS_SERVERS = struct<DnsServers>({
  namespace: TEXT,
  podLabels: mapOf(TEXT),
  port: NUMBER,
  cidrs: listOf(TEXT),
} satisfies Kinds<DnsServers>);

/** The checks of its fields. */
export function dnsChecks(prop: string, dns: DnsServers = {}): Check[] {
  return [
    dnsLabel(`${prop}.namespace`, dns.namespace),
    ...labelChecks(`${prop}.podLabels`, dns.podLabels),
    wholeNumber(`${prop}.port`, dns.port, 1, 65_535),
    ...cidrs(`${prop}.cidrs`, dns.cidrs),
  ];
}
