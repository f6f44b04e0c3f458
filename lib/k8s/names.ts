/**
 * Formats of user texts in a manifest, in PromQL or in a path. A text that passes needs no quoting; free text is quoted
 * where it is used (`promql.ts`).
 *
 * Source: Kubernetes, Object Names and IDs; Secrets (keys); Labels and Selectors; Environment variables. Docker
 * distribution, reference/regexp.go.
 */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { Check } from '../flow/errors';
import type { SecretKey } from './secret-key';

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const HOST = /^(?=.{1,253}$)[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*$/;
const LABEL_NAME = /^[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;
const LARGEST_PORT = 65_535;
/** The grammar of Docker distribution: a tag belongs to the last component of the path. */
const IMAGE = (() => {
  const host = String.raw`(?:[A-Za-z0-9][-.A-Za-z0-9]*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?`;
  const component = '[a-z0-9]+(?:(?:[.]|__?|-+)[a-z0-9]+)*';
  const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{64,}';
  return new RegExp(
    String.raw`^(?=.{1,500}$)(?:${host}/)?${component}(?:/${component})*(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>${digest}))?$`,
  );
})();

/** A check on the format of a text; an absent one passes. */
export function textCheck(
  prop: string,
  value: string | undefined,
  has: (text: string) => boolean,
  form: string,
): Check {
  return textMust(prop, value, has, `be ${form}`);
}

/** Names a token of another engine as such: it would be written to the manifest unresolved. */
function textMust(prop: string, value: string | undefined, has: (text: string) => boolean, must: string): Check {
  if (value === undefined) return { refused: false, message: '' };
  const shown = JSON.stringify(value).slice(1, -1);
  if (/\$\{Token\[/.test(value)) {
    return {
      refused: true,
      message: `${prop} must be known when the manifest is written, and a token of the CDK is not; give the text itself or take it from a Secret, got '${shown}'`,
    };
  }
  return { refused: !has(value), message: `${prop} must ${must}, got '${shown}'` };
}

function matches(prop: string, value: string | undefined, pattern: RegExp, form: string): Check {
  return textCheck(prop, value, (text) => pattern.test(text), form);
}

/** Texts by name, such as variables: printable, and nothing that Kubernetes replaces. */
export function printableTexts(prop: string, values: Readonly<Record<string, string>>): Check[] {
  return Object.entries(values).map(([name, value]) =>
    textCheck(`${prop} ${name}`, value, isPrintable, "printable, without '$('"),
  );
}

/** Without control characters and invisible ones, and without `$(`, which Kubernetes replaces by a variable. */
export function isPrintable(text: string): boolean {
  return /^\P{C}*$/u.test(text) && !text.includes('$(');
}

/** A DNS label, the format of namespaces and most object names. */
export function dnsLabel(prop: string, value: string | undefined): Check {
  return matches(prop, value, LABEL, '1 to 63 lower-case letters, digits and hyphens');
}

/** A DNS subdomain, the format of Secret names. */
export function dnsSubdomain(prop: string, value: string | undefined): Check {
  return matches(prop, value, SUBDOMAIN, '1 to 253 lower-case letters, digits, hyphens and dots');
}

/** A value in a Secret. */
export function secretChecks(prop: string, secret: SecretKey | undefined): Check[] {
  if (secret === undefined) return [];
  const isKey = (text: string) => /^[-._a-zA-Z0-9]{1,253}$/.test(text) && !text.startsWith('..') && text !== '.';
  return [
    dnsSubdomain(`${prop}.secretName`, secret.secretName),
    textCheck(`${prop}.key`, secret.key, isKey, "1 to 253 letters, digits, '-', '_' and '.', and not begin with '..'"),
  ];
}

/** An address range, such as `10.0.0.0/16`. */
export function cidr(prop: string, value: string | undefined): Check {
  return textCheck(prop, value, isCidr, 'an address range such as 10.0.0.0/16');
}

/** Address ranges. A list that is given has one at least: an empty one would open nothing, or everything. */
export function cidrs(prop: string, values: readonly string[] | undefined): Check[] {
  if (values?.length === 0)
    return [{ refused: true, message: `${prop} must be address ranges, at least one, got none` }];
  return (values ?? []).map((value, i) => cidr(`${prop}[${i}]`, value));
}

function isCidr(text: string): boolean {
  const [address, length, ...more] = text.split('/');
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  return version !== 0 && /^\d{1,3}$/.test(length ?? '') && Number(length) <= longest && more.length === 0;
}

/** A host: a DNS name or an address. */
export function host(prop: string, value: string | undefined): Check {
  return textCheck(prop, value, isHost, 'a host name or an address');
}

function isHost(text: string): boolean {
  return HOST.test(text) || isIP(text) === 4;
}

/** Hosts with ports, at least one. */
export function hostPorts(prop: string, values: readonly string[]): Check[] {
  if (values.length === 0) return [{ refused: true, message: `${prop} must be host:port each, at least one, got ''` }];
  return values.map((value) => textCheck(prop, value, isHostPort, 'host:port each, at least one'));
}

function isHostPort(text: string): boolean {
  const [name, port, ...more] = text.split(':');
  return (
    isHost(name) && /^\d{1,5}$/.test(port ?? '') && Number(port) >= 1 && Number(port) <= LARGEST_PORT && !more.length
  );
}

/**
 * Brokers in the cluster by the names of their Services: with a namespace, and with `svc` where more follows. A network policy
 * lets through pods of a namespace, and never an address that it does not name.
 *
 * @param place where the brokers are, where that was given
 */
function brokersOutside(servers: readonly string[], place: string | undefined): string[] {
  return servers.filter((server) => {
    const labels = String(server).split(':')[0].split('.');
    if (labels.length > 2) return !labels.includes('svc');
    return labels.length === 2 && place !== undefined && labels[1] !== place;
  });
}

/** The brokers by address, and the ranges in which they are where they are not in the cluster. */
export function brokerChecks(
  servers: readonly string[] | undefined,
  ranges: readonly string[] | undefined,
  place: string | undefined,
): Check[] {
  const outside = ranges === undefined ? brokersOutside(servers ?? [], place) : [];
  return [
    ...(servers === undefined ? [] : hostPorts('bootstrapServers', servers)),
    ...cidrs('brokerCidrs', ranges),
    {
      refused: ranges !== undefined && servers === undefined,
      message: 'brokerCidrs needs bootstrapServers: without them the brokers are those of clusterName, in the cluster',
    },
    {
      refused: outside.length > 0,
      message: `brokerCidrs must be given for ${outside.join(', ')}: these are no Services of ${place === undefined ? 'the cluster' : `the namespace ${place}`}, and the network policies would not let pods connect`,
    },
  ];
}

/** `https` addresses with ports, at least one. */
export function httpsHosts(prop: string, values: readonly string[]): Check[] {
  const form = 'https://host:port each, at least one';
  if (values.length === 0) return [{ refused: true, message: `${prop} must be ${form}, got ''` }];
  const isAddress = (text: string) => text.startsWith('https://') && isHostPort(text.slice('https://'.length));
  return values.map((value) => textCheck(prop, value, isAddress, form));
}

/** A topic of Kafka. */
export function kafkaTopicName(prop: string, value: string | undefined): Check {
  const isTopic = (text: string) => /^[A-Za-z0-9._-]{1,249}$/.test(text) && text !== '.' && text !== '..';
  return textCheck(prop, value, isTopic, "1 to 249 letters, digits, '.', '_' and '-'");
}

/**
 * A name on another server: printable, without spaces at its ends, and without `$(`, which Kubernetes would replace in
 * an environment variable.
 */
export function foreignName(prop: string, value: string | undefined, longest = 255): Check {
  const isName = (text: string) =>
    text.length >= 1 &&
    text.length <= longest &&
    /^\P{C}+$/u.test(text) &&
    text.trim() === text &&
    !text.includes('$(');
  return textCheck(prop, value, isName, `1 to ${longest} printable characters without '$('`);
}

/** An image with a version or a digest. A registry's port is neither, and `latest` is not a version. */
export function imageReference(prop: string, value: string | undefined): Check {
  const isPinned = (text: string) => {
    const { tag, digest } = IMAGE.exec(text)?.groups ?? {};
    return digest !== undefined || (tag !== undefined && tag !== 'latest');
  };
  return textMust(prop, value, isPinned, 'name a version or a digest');
}

/** The name of an environment variable, in Kubernetes' format. */
export function environmentName(prop: string, value: string): Check {
  const isName = (text: string) => /^[-._A-Za-z][-._A-Za-z0-9]{0,253}$/.test(text) && !/^(\.|\.\..*)$/.test(text);
  return textCheck(prop, value, isName, "letters, digits, '-', '_' and '.', not beginning with a digit");
}

/** Labels of nodes or pods. */
export function labelChecks(prop: string, labels: Readonly<Record<string, string>> | undefined): Check[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    textCheck(`${prop} key`, key, isLabelKey, 'a label key such as example.com/pool'),
    textCheck(
      `${prop} ${isLabelKey(key) ? key : 'value'}`,
      value,
      (text) => text === '' || LABEL_NAME.test(text),
      'a label value of up to 63 letters, digits, hyphens, dots and underscores',
    ),
  ]);
}

/** The key of a label or an annotation. */
export function qualifiedName(prop: string, key: string): Check {
  return textCheck(prop, key, isLabelKey, 'a key such as example.com/pool');
}

function isLabelKey(key: string): boolean {
  const [name, prefix, ...more] = key.split('/').reverse();
  return LABEL_NAME.test(name) && (prefix === undefined || SUBDOMAIN.test(prefix)) && more.length === 0;
}

/**
 * The name of an object that represents a resource outside of Kubernetes: the resource's own name if Kubernetes accepts
 * it. It must not depend on the construct's path: a new name makes a new object, and deleting the old one deletes the
 * resource.
 */
export function objectName(name: string): string {
  return SUBDOMAIN.test(name) ? name : hashedName(name, name);
}

/** The same for a resource whose name alone is not unique. */
export function hashedName(name: string, identity: string): string {
  const label = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 8);
  return `${label}-${hash}`.slice(-253).replace(/^-/, '');
}
