/** The page of a run, its summary in the terminal, and what both say of a figure that missed. */
import type { RunReport } from '../../bin/local/intake';
import { renderReport } from '../../bin/local/report';
import { localSettings } from '../../bin/local/settings';
import { summary } from '../../bin/local/summary';
import { misses, TOLERANCE, verdictOf } from '../../bin/local/verdict';

const figures = { peakBacklog: 600, latencyP50Seconds: 10, latencyP99Seconds: 16, drainSeconds: 15 };

/** Figures that no run measured; each test changes what it is about. */
const RUN: RunReport = {
  ok: true,
  sent: { valid: 1700, duplicate: 70, forged: 30, replayed: 20, poison: 5 },
  effects: 1700,
  duplicateEffects: 0,
  quarantined: 5,
  refused: 50,
  lost: 0,
  unmaskedSecrets: 0,
  discrepancies: [],
  predicted: figures,
  measured: figures,
  basis: {
    perSecond: 50,
    askedPerSecond: 50,
    floodSeconds: 36,
    serviceSeconds: 0.24,
    drainServiceSeconds: 0.23,
    slots: 8,
  },
  planned: { latencySeconds: 2, breaksAtLoad: 1.3, breaksAtServiceTime: 1.3 },
  settings: localSettings(),
  droppedResourceTypes: ['AWS::Budgets::Budget'],
  stages: [{ name: 'deploy', seconds: 12.3 }],
  notes: ['worker process 1 was killed in the middle of the flood'],
  depth: {
    measured: [0, 18, 36, 51].map((seconds, index) => ({ seconds, backlog: [0, 300, 600, 0][index] })),
    predicted: [0, 36, 51].map((seconds, index) => ({ seconds, backlog: [0, 600, 0][index] })),
  },
};
const measured = (changed: Partial<RunReport['measured']>, basis: Partial<RunReport['basis']> = {}): RunReport => ({
  ...RUN,
  measured: { ...figures, ...changed },
  basis: { ...RUN.basis, ...basis },
});

describe('a figure', () => {
  test.each<[number, boolean, string]>([
    [10, true, '0 %'],
    [10.8, true, '+8 %'],
    [10 * (1 + TOLERANCE), true, '+25 %'],
    [12.6, false, '+26 %'],
    [7.4, false, '−26 %'],
  ])('of 10 predicted and %s measured: within its range %s, %s', (seconds, within, difference) => {
    expect(verdictOf(measured({ latencyP50Seconds: seconds }), 'latencyP50Seconds')).toEqual({ within, difference });
  });

  test('that was predicted as 0 is right when it is 0', () => {
    const of = (drainSeconds: number) =>
      verdictOf({ predicted: { ...figures, drainSeconds: 0 }, measured: { ...figures, drainSeconds } }, 'drainSeconds');
    expect(of(0).within).toBe(true);
    expect(of(3).within).toBe(false);
  });
});

describe('what missed is said with its cause', () => {
  test.each<[string, Partial<RunReport['basis']>, RegExp]>([
    [
      'a pace that changed',
      { drainServiceSeconds: 0.12 },
      /served 33\.33 a second during the flood and 66\.67 after it/,
    ],
    ['a sender that fell behind', { perSecond: 40 }, /the sender reached 40 of 50 a second/],
    ['nothing that is known', {}, /show no cause/],
  ])('%s', (_name, basis, cause) => {
    expect(misses(measured({ latencyP50Seconds: 20 }, basis))).toEqual([expect.stringMatching(cause)]);
  });

  test('nothing missed, nothing said', () => {
    expect(misses(RUN)).toEqual([]);
  });

  test('page and terminal say which figures the rates of the run give by counting', () => {
    for (const said of [renderReport(RUN), summary(RUN)])
      expect(said).toContain('Peak and drain follow by counting from the rates of this run');
  });

  test('page and terminal mark it', () => {
    const run = measured({ latencyP50Seconds: 20 }, { drainServiceSeconds: 0.12 });
    expect(renderReport(run)).toContain('<span class="bad">✗ +100 %</span>');
    expect(renderReport(run)).toContain('1 of 4 figures is more than 25 % off the prediction');
    expect(summary(run)).toMatch(/Latency P50 .*\+100 %, MISSED\n/);
    for (const said of [renderReport(run), summary(run)]) expect(said).toContain('during the flood and 66.67 after it');
    for (const said of [renderReport(RUN), summary(RUN)]) expect(said).not.toMatch(/MISSED|✗/);
  });
});

describe('the page', () => {
  const shown = renderReport(RUN);

  test('fetches nothing and runs nothing', () => {
    expect(shown).not.toMatch(/<script|<link|@import|url\(|(src|href)=/);
  });

  test('has the picture of the queue before any table', () => {
    expect(shown.indexOf('<figure')).toBeGreaterThan(0);
    expect(shown.indexOf('<figure')).toBeLessThan(shown.indexOf('<table'));
  });

  test('says what differs from a real account, and what was left out', () => {
    for (const { name, here, account } of RUN.settings) {
      expect(shown).toContain(`<th scope="row">${name.replace(/</g, '&#60;')}</th><td>${here}</td><td>${account}</td>`);
    }
    expect(shown).toContain('AWS::Budgets::Budget');
  });

  test('says what is missing when the deliveries do not add up', () => {
    const open = renderReport({
      ...RUN,
      ok: false,
      effects: 1698,
      lost: 2,
      discrepancies: ['2 of <1700> had no effect'],
    });
    expect(open).toContain('✗ Not every delivery is accounted for: 2 of &#60;1700&#62; had no effect.');
    expect(open).toContain('<span class="bad">✗ 1,698 booked, 2 lost</span>');
  });

  test('explains each word that it uses', () => {
    for (const word of ['Peak backlog', 'Latency P50', 'Latency P99', 'Drain time', 'Quarantine']) {
      expect(shown).toContain(`<dt>${word}</dt>`);
    }
  });
});
