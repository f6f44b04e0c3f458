/** What every plan has, whatever its subject: knobs by name, more knobs, and the page that a person reads. */
import { InvalidInputError } from '../../lib/flow/errors';
import { planLogs } from '../../lib/flow/logs/plan';
import { ExplainFormat, given, type Plan, unlessGiven } from '../../lib/flow/plan';
import { planQueue } from '../../lib/flow/queue/plan';
import { planQuotas } from '../../lib/flow/quotas/plan';
import { planRetention } from '../../lib/flow/retention/plan';
import { planShares } from '../../lib/flow/shares/plan';
import { planStorage } from '../../lib/flow/storage/plan';

const DAY = 86_400;
const orders = { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1800, serviceSeconds: 0.05 };

const queue = planQueue('Orders', { workload: orders, objective: { latencySeconds: 90 } });
const plans: Record<string, Plan> = {
  queue,
  storage: planStorage('Archive', { workload: { bytesPerDay: 1e12, objectBytes: 1e6 } }),
  logs: planLogs('Node', {
    workload: { steadyBytesPerSecond: 1e5 },
    objective: { diskBudgetBytes: 1e11, outageSeconds: 3600 },
  }),
  retention: planRetention('Events', {
    workload: {
      insertsPerSecond: 10,
      documentBytes: 1000,
      existingDocuments: 1e6,
      spareWritesPerSecond: 100,
      deletesPerSecond: 100,
    },
    objective: { retentionSeconds: 30 * DAY },
  }),
  quotas: planQuotas('Cluster', {
    capacity: { brokers: 3, brokerBytesPerSecond: 1e8 },
    tenants: [{ name: 'clicks', steadyBytesPerSecond: 1e6 }],
  }),
  shares: planShares('Jobs', {
    capacity: { cpu: 100, memoryBytes: 1e12 },
    tenants: [{ name: 'risk', workload: { steadyPerSecond: 0.1, serviceSeconds: 60 }, jobCpu: 1, jobMemoryBytes: 1e9 }],
    objective: { latencySeconds: 600 },
  }),
};

describe.each(Object.entries(plans))('the plan of %s', (_subject, plan) => {
  test('explains every knob with its reason, then what to expect in a line each', () => {
    const page = plan.explain();
    for (const { name } of plan.knobs) expect(page).toContain(`  ${name} = `);
    for (const { source } of plan.knobs) expect(page).toContain(`    ${source}`);
    const expected = page
      .slice(page.indexOf(`${plan.subject}: expect`))
      .split('\n')
      .slice(1);
    for (const [index, { label, text }] of plan.expectations().entries()) {
      expect(expected[index]).toBe(`  ${label.padEnd(25)} ${text}`);
    }
  });

  test('explains the same in Markdown, every row with as many cells as its table', () => {
    const lines = plan.explain(ExplainFormat.MARKDOWN).split('\n');
    const cells = (line: string) => line.split(/(?<!\\)\|/).length - 2;
    const [knobs, expected] = [4, 2].map((columns) =>
      lines.filter((line) => line.startsWith('|') && cells(line) === columns),
    );
    expect(knobs).toHaveLength(plan.knobs.length + 2);
    expect(expected).toHaveLength(plan.expectations().length + 2);
    for (const [index, { name }] of plan.knobs.entries()) expect(knobs[index + 2]).toContain(`| \`${name}\` | `);
  });

  test('explains the same in JSON', () => {
    const { subject, knobs, expect: expected, remarks } = JSON.parse(plan.explain(ExplainFormat.JSON));
    expect(subject).toBe(plan.subject);
    expect(knobs).toEqual(JSON.parse(JSON.stringify(plan.knobs)));
    expect(expected).toEqual(plan.expectations());
    expect(remarks).toEqual(plan.remarks);
  });

  test('takes more knobs and stays the plan it is', () => {
    const [first] = plan.knobs;
    const more = plan.withKnobs([given(first.name, 7, first.unit), given('drums', 2, 'drums')]);
    expect(more.constructor).toBe(plan.constructor);
    expect({ ...more, knobs: [] }).toEqual({ ...plan, knobs: [] });
    expect(more.knobs).toHaveLength(plan.knobs.length + 1);
    expect(more.value(first.name)).toBe(7);
    expect(more.knob('drums')).toEqual({
      name: 'drums',
      value: 2,
      unit: 'drums',
      formula: 'given',
      inputs: {},
      source: 'set by hand',
    });
  });

  test('says which knobs there are when one is asked for that it has not', () => {
    expect(() => plan.knob('drums')).toThrow(InvalidInputError);
    expect(() => plan.knob('drums')).toThrow(`${plan.subject}: no knob 'drums'; there are ${plan.knobs[0].name}`);
  });
});

test('a reason is the formula, unless the value was given', () => {
  expect(unlessGiven(undefined, 'a × b', { a: 1, b: 2 })).toEqual({ formula: 'a × b', inputs: { a: 1, b: 2 } });
  expect(unlessGiven(0, 'a × b', { a: 1, b: 2 })).toEqual({ formula: 'given', inputs: {} });
});

describe('the page of a queue', () => {
  test('writes ratios as the command line does', () => {
    const { utilisation } = queue.predictions;
    expect(queue.explain()).toContain(`utilisation at the peak   ${Number((100 * utilisation).toPrecision(3))} %`);
  });

  test('says when a backlog is gone before the peak is over, instead of 0 s beside thousands of items', () => {
    const { drainSeconds, peakBacklog } = queue.predictions;
    expect([drainSeconds, peakBacklog > 100]).toEqual([0, true]);
    expect(queue.explain()).toContain('drained                   by the end of the peak');
    expect(queue.explain()).not.toContain('in 0 s');
  });
});

test('a bar or a new line in a reason does not end its cell', () => {
  const [knob] = queue.knobs;
  const odd = { ...knob, name: 'odd', formula: 'a | b\n  c' };
  expect(queue.withKnobs([odd]).explain(ExplainFormat.MARKDOWN)).toMatch(/^\| `odd` \| [^|\n]+ \| a \\\| b c /m);
});

test('a format that there is not is refused with those that there are', () => {
  expect(() => queue.explain('yaml' as ExplainFormat)).toThrow(
    new InvalidInputError('Orders', ['format must be one of text, markdown, json, got yaml']),
  );
});
