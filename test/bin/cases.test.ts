import { CASES, caseOf, inLearningOrder } from '../../lib/cases/catalogue';
import { backpressure } from './harness';

describe('cases', () => {
  test('lists all of them in the order in which to learn them', async () => {
    const { code, out, err } = await backpressure('cases');
    expect([code, err]).toEqual([0, '']);
    const listed = out.split('\n').flatMap((line) => /^ *(?:\d+|·) +(\d+) /.exec(line)?.[1] ?? []);
    expect(listed.map(Number)).toEqual(inLearningOrder().map(({ number }) => number));
  });

  test('--json gives the same as data, with the place on the path', async () => {
    const listed = JSON.parse((await backpressure('cases --json')).out);
    expect(listed.map(({ number }: { number: number }) => number)).toEqual(
      inLearningOrder().map(({ number }) => number),
    );
    expect(listed[0]).toMatchObject({ number: 11, step: 1, slug: 'cold-data', runnable: true });
    expect(listed[1]).toMatchObject({ number: 19, beside: 11, runnable: true });
  });

  test.each([
    ['--difficulty advanced', [17, 3, 8, 10, 18]],
    ['--domain security', [14, 15]],
    ['--domain security --difficulty beginner', [14]],
    ['--domain security --difficulty advanced', []],
  ])('%s leaves %j', async (filter, numbers) => {
    const { code, out } = await backpressure(`cases ${filter} --json`);
    expect(code).toBe(0);
    expect(JSON.parse(out).map(({ number }: { number: number }) => number)).toEqual(numbers);
  });

  test('says so when no case passes the filter', async () => {
    const { code, out } = await backpressure('cases --domain security --difficulty advanced');
    expect([code, out]).toEqual([0, 'No case of domain security is advanced.\n']);
  });

  test('shows each of the twenty with its story, its headline and its trap', async () => {
    for (const { number, title, headline, trap } of CASES) {
      const { code, out } = await backpressure(`cases ${number}`);
      expect(code).toBe(0);
      expect(out).toContain(`${number}  ${title}`);
      expect(out).toContain(headline.text);
      expect(out.replace(/\s+/g, ' ')).toContain(trap);
    }
  });

  test('says why an engine has no construct for a case, and what to take instead', async () => {
    const [{ reason, instead }] = caseOf(9).absent!;
    const { out } = await backpressure('cases 9');
    expect(out.replace(/\s+/g, ' ')).toContain(`None on gcp: ${reason} ${instead} Trap:`);
    expect((await backpressure('cases 2')).out).not.toContain('None on');
  });

  test('names what to know first', async () => {
    const { out } = await backpressure('cases 2');
    expect(out).toContain(caseOf(4).title);
    expect(out).toContain(caseOf(7).title);
  });

  test('14 --json gives one object', async () => {
    expect(JSON.parse((await backpressure('cases 14 --json')).out)).toMatchObject({
      number: 14,
      step: 8,
      levers: ['isolate'],
    });
  });

  test('keeps every line within a narrow terminal', async () => {
    for (const line of ['cases', 'cases 14']) {
      const { out } = await backpressure(line, { columns: 72 });
      for (const each of out.split('\n')) expect(each.length).toBeLessThanOrEqual(72);
    }
  });

  test.each([
    ['cases 0', 'there is no case 0: cases are numbered 1 to 20'],
    ['cases 21', 'there is no case 21: cases are numbered 1 to 20'],
    ['cases fourteen', 'a case is a whole number between 1 and 20, got fourteen'],
    ['cases 1.5', 'a case is a whole number between 1 and 20, got 1.5'],
    ["cases ''", "a case is a whole number between 1 and 20, got ''"],
    [
      'cases --domain law',
      '--domain must be one of architecture, performance, integration, diagnosis, security, got law',
    ],
    ['cases --difficulty hard', '--difficulty must be one of beginner, intermediate, advanced, got hard'],
    ['cases 14 --domain security', '--domain filters the list and cannot be combined with case 14'],
    ['cases 14 15', "too many arguments for 'cases'"],
  ])('%s is one line, and exits with 2', async (line, sentence) => {
    const { code, out, err } = await backpressure(line);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(sentence);
    expect(err.trimEnd()).not.toContain('\n');
  });
});
