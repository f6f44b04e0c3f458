/** `--html`: one page that needs nothing but itself, with the numbers of the answer. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planQueue } from '../../lib/flow/queue/plan';
import { backpressure } from './harness';

const folder = mkdtempSync(join(tmpdir(), 'backpressure-page-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'page.html');
afterEach(() => rmSync(file, { force: true }));

const ORDERS = '--steady 40 --peak 400 --peak-seconds 600 --service 0.05 --slots 4 --start 60 --latency 90';
const FIXED = '--steady 100 --service 1 --min-instances 50 --max-instances 50';
const charts = (html: string) => html.split('<figure').length - 1;

test.each<[string, string, number, number]>([
  ['a sized queue: load, backlog and instances', `size ${ORDERS}`, 3, 0],
  ['a sized queue without a peak: load alone', 'size --steady 40 --service 0.05 --latency 90', 1, 0],
  ['a simulated queue: backlog and instances', `simulate ${ORDERS}`, 2, 0],
  ['a queue that never drains', `simulate ${FIXED}`, 2, 1],
  ['a case: backlog and instances, before and after', 'simulate --case 2', 2, 0],
  ['a case of another kind: its table', 'simulate --case 11', 0, 0],
])('%s', async (_name, line, figures, status) => {
  const plain = await backpressure(line);
  const { code, out, err } = await backpressure(`${line} --html ${file}`);
  expect(err).toBe(`page written: ${file}\n`);
  expect([code, out]).toEqual([status, plain.out]);
  const html = readFileSync(file, 'utf8');
  expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
  expect(html).not.toMatch(/<script|<link|@import|url\(|(src|href)=|NaN|undefined|Infinity/);
  expect(charts(html)).toBe(figures);
});

test('the page of size has every knob of the plan, and where its promise breaks', async () => {
  await backpressure(`size ${ORDERS} --html ${file}`);
  const html = readFileSync(file, 'utf8');
  const plan = planQueue('Workload', {
    workload: { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 600, serviceSeconds: 0.05 },
    objective: { latencySeconds: 90 },
    consumer: { slotsPerInstance: 4, startSeconds: 60 },
  });
  for (const { name } of plan.knobs) expect(html).toContain(`<th scope="row">${name}</th>`);
  expect(html).toContain(`breaks at ${Number(plan.predictions.breaksAtLoad!.toPrecision(3))} ×`);
});

test.each([
  ['of a peak', ORDERS],
  ['of a load that lasts, which beyond the capacity waits without end', '--steady 400 --service 0.09 --latency 300'],
])('the latency that is drawn, %s, crosses the promise where the promise breaks', async (_, queue) => {
  await backpressure(`size ${queue} --html ${file}`);
  const html = readFileSync(file, 'utf8');
  const places = (path: string) => path.split('L').map((place) => place.split(',').map(Number));
  const [latency, promised] = ['first dashed', 'good'].map((tone) =>
    places(new RegExp(`<path class="${tone}" d="M([^"]+)"`).exec(html)![1]),
  );
  const breaks = Number(/<path class="mark" d="M([\d.]+),/.exec(html)![1]);
  // In SVG what is higher has a smaller y.
  const kept = latency.map(([x, y]) => ({ x, kept: y >= promised[0][1] }));
  for (const { x, kept: within } of kept) expect([x, within]).toEqual([x, x < breaks]);
});

test('the page of simulate has the cells of the terminal', async () => {
  const { out } = await backpressure(`simulate ${ORDERS} --seeds 2 --html ${file}`);
  const html = readFileSync(file, 'utf8');
  const [, predicted, simulated] = /latency P99 +(\S+ \S+) +(\S+ \S+)/.exec(out)!;
  expect(html).toContain(
    `latency P99</th><td class="number" data-title="predicted">${predicted}</td><td class="number" data-title="simulated">${simulated}</td>`,
  );
  expect(html).toContain('<span class="good">✓ keeps 90 s</span>');
  expect(html).toContain('the charts are of seed 1');
});

test('JSON stays JSON', async () => {
  const { out } = await backpressure(`simulate ${ORDERS} --json --html ${file}`);
  expect(JSON.parse(out).seed).toBe(1);
  expect(readdirSync(folder)).toEqual(['page.html']);
});

test('what was refused has no page', async () => {
  const { code, err } = await backpressure(`size --steady 40 --service 2 --latency 1 --html ${file}`);
  expect(code).toBe(1);
  expect(err).not.toContain('page written');
  expect(readdirSync(folder)).toEqual([]);
});

test('a name is text, not markup', async () => {
  await backpressure(`size ${ORDERS} --name <b>Orders</b> --html ${file}`);
  expect(readFileSync(file, 'utf8')).not.toContain('<b>');
});
