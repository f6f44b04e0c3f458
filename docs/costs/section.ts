/** The section of a construct's page that says what its example costs. */
import { figure } from '../../lib/flow/figures';
import { pricesRead, pricesRegion } from '../../lib/flow/prices';
import { markdownTable } from '../markdown';
import { atRest, type Charge, resourceOf, tasksAtThePeak } from './aws';
import { exampleOf } from './example';
import { requestsTable } from './k8s';
import { usageOf } from './usage';

/** The text between the markers of a page, from the first example on it. */
export function costSection(page: string, text: string): string {
  const example = exampleOf(text);
  if (page.startsWith('k8s-')) return requestsTable(example.manifests);
  const engine = page.startsWith('gcp-') ? 'gcp' : 'aws';
  const usages = example.made.map((made) => usageOf(made, engine, example.made));
  const covered = usages.flatMap((usage) => usage.covered ?? []);
  const resources = example.resources.map(resourceOf);
  const rest = atRest(resources, covered);
  const month = usages.flatMap((usage) => usage.month ?? []);
  const other = usages.flatMap((usage) => usage.other ?? []);
  const peak = tasksAtThePeak(resources).map(({ what, dollars }) => ({ what: `an hour of ${what}`, dollars }));
  const rows = [
    ...rest.map(({ what, dollars }) => [`at rest: ${what}`, perMonth(dollars)]),
    ...(rest.length > 1 ? [['**at rest, together**', `**${perMonth(sum(rest))}**`]] : []),
    ...month.map(({ what, dollars }) => [what, perMonth(dollars)]),
    ...[...other, ...peak].map(({ what, dollars }) => [what, usd(dollars)]),
  ];
  const notes = [
    where(engine),
    ...(month.length > 0 && usages.some(({ hasPeak }) => hasPeak) ? ['A month has one peak a day.'] : []),
    ...usages.flatMap((usage) => usage.beside ?? []),
  ];
  return `${markdownTable(['the example above', 'cost'], rows)}\n\n${notes.join(' ')}`;
}

function where(engine: 'aws' | 'gcp'): string {
  return engine === 'aws'
    ? `List prices of ${pricesRegion}, read ${pricesRead}, without the free ones. Logs, stored messages and the short invocations of the construct's own functions are not counted.`
    : 'List prices of tier 1, without the free ones. Alert policies, logs and stored messages are not counted.';
}

const sum = (charges: readonly Charge[]) => charges.reduce((total, { dollars }) => total + dollars, 0);

/** Three digits: a price is not known to more. */
function usd(dollars: number): string {
  return `${figure(Number(dollars.toPrecision(3)))} USD`;
}

function perMonth(dollars: number): string {
  return `${usd(dollars)} a month`;
}
