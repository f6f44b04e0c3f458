/** How the targets of a source are found, and the objects that find them. */
import type { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { type Check, shown } from '../../flow/errors';
import { type Kinds, listOf, mapOf, TEXT } from '../../flow/kinds';
import type { MetricsPlan, ScrapePlan } from '../../flow/metrics/workload';
import { prometheusDuration } from '../alert-rules';
import { dnsLabel, hostPorts, labelChecks, textCheck } from '../names';
import { boundedMonitor, type ScrapeSettings, scrapeConfig } from '../operators/prometheus';
import { namespaceOf } from '../promql';
import type { MetricScrape } from './metric-scrape';

/** What each field has to be. */
export const SCRAPE_KINDS: Kinds<MetricScrape> = {
  podLabels: mapOf(TEXT),
  serviceLabels: mapOf(TEXT),
  addresses: listOf(TEXT),
  namespaces: listOf(TEXT),
  port: TEXT,
  path: TEXT,
};

/** What is wrong with the places of the sources. */
export function scrapeChecks(
  sources: readonly { readonly name: string }[],
  scrapes: Readonly<Record<string, MetricScrape>> = {},
): Check[] {
  const names = sources.map((source) => source?.name);
  return [
    ...names.map((name) => ({
      refused: typeof name === 'string' && !Object.hasOwn(scrapes, name),
      message: `scrapes lacks the source ${shown(name)}; give its podLabels, serviceLabels or addresses`,
    })),
    ...Object.keys(scrapes).map((name) => ({
      refused: !names.includes(name),
      message: `scrapes has ${shown(name)}, which is no source; there are ${names.map(String).join(', ') || 'none'}`,
    })),
    ...Object.entries(scrapes).flatMap(([name, scrape]) => placeChecks(`scrapes.${name.slice(0, 50)}`, scrape)),
  ];
}

function placeChecks(prop: string, scrape: MetricScrape): Check[] {
  const { podLabels, serviceLabels, addresses, namespaces, port, path } = scrape;
  const places = { podLabels, serviceLabels, addresses };
  const given = Object.entries(places).filter(([, value]) => value !== undefined);
  return [
    {
      refused: given.length !== 1,
      message: `${prop} must have exactly one of podLabels, serviceLabels and addresses, got ${given.map(([one]) => one).join(' and ') || 'none'}`,
    },
    ...given.map(([one, value]) => ({
      refused: Object.keys(value as object).length === 0,
      message: `${prop}.${one} must not be empty: it would select everything`,
    })),
    ...labelChecks(`${prop}.podLabels`, podLabels),
    ...labelChecks(`${prop}.serviceLabels`, serviceLabels),
    ...(addresses === undefined ? [] : hostPorts(`${prop}.addresses`, addresses)),
    ...['namespaces', 'port'].map((field) => ({
      refused: addresses !== undefined && scrape[field as 'namespaces' | 'port'] !== undefined,
      message: `${prop}.${field} must not be given with addresses`,
    })),
    { refused: namespaces?.length === 0, message: `${prop}.namespaces must name at least one` },
    ...(namespaces ?? []).map((namespace) => dnsLabel(`${prop}.namespaces`, namespace)),
    textCheck(
      `${prop}.port`,
      port,
      (text) => /^(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/.test(text) && !text.includes('--'),
      'the name of a port: 1 to 15 lower-case letters, digits and hyphens, with a letter',
    ),
    textCheck(`${prop}.path`, path, (text) => /^\/[\w./~-]{0,200}$/.test(text), 'a path such as /metrics'),
  ];
}

/** The object by which Prometheus finds the targets of a source, and what bounds each scrape. */
export function scrapeObject(scope: Construct, plan: MetricsPlan, scrape: ScrapePlan, place: MetricScrape): ApiObject {
  const { source, nativeHistograms, convertsHistograms, relabelings } = scrape;
  const { podLabels, serviceLabels, addresses, namespaces, port = 'metrics', path = '/metrics' } = place;
  const value = (name: string) => plan.value(name);
  const settings: ScrapeSettings = {
    sampleLimit: value(`sampleLimit.${source}`),
    targetLimit: value(`targetLimit.${source}`),
    labelLimit: value('labelLimit'),
    labelValueLengthLimit: value('labelValueLengthLimit'),
    keepDroppedTargets: value('keepDroppedTargets'),
    ...(convertsHistograms && { convertClassicHistogramsToNHCB: true }),
    ...(nativeHistograms && !convertsHistograms && { scrapeNativeHistograms: true }),
  };
  const endpoint = {
    port,
    path,
    interval: prometheusDuration(value('intervalSeconds')),
    // The name of the source, whatever the objects are called: alerts and limits go by it.
    relabelings: [{ action: 'replace', targetLabel: 'job', replacement: source }],
    ...(relabelings.length > 0 && { metricRelabelings: relabelings }),
  };
  const namespace = namespaceOf(scope);
  if (addresses !== undefined) {
    return scrapeConfig(scope, source, {
      jobName: source,
      targets: addresses,
      ...(namespace !== undefined && { labels: { namespace } }),
      endpoint,
      settings,
    });
  }
  return boundedMonitor(scope, source, podLabels === undefined ? 'Service' : 'Pod', {
    matchLabels: podLabels ?? serviceLabels!,
    matchNames: namespaces,
    endpoint,
    settings,
  });
}
