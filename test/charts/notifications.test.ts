import { Testing } from 'cdk8s';
import { NotificationsChart } from '../../charts/notifications';
import { CHORES } from '../../lib/cases/case-04-cron-stampede';
import { caseOf } from '../../lib/cases/catalogue';
import { every, type Manifest, written } from '../support/manifest';

const chart = new NotificationsChart(Testing.app(), 'notifications');
const made = written(chart);
const { plan } = chart.chores;
const cronJobs = every(made, 'CronJob');

test('is as it was', () => {
  // The others differ from it in their names and their minutes, which come first.
  const later = cronJobs.slice(1);
  const schedules = cronJobs.map(({ metadata, spec }) => [metadata.name, spec.schedule]);
  // The programs have tests of their own, and the hash in a name changes with every build.
  const shown = made.manifests
    .filter((one) => !later.includes(one))
    .map(({ binaryData: _, ...one }) => (one.immutable && one.data ? { ...one, data: Object.keys(one.data) } : one));
  const text = JSON.stringify(shown).replace(/(-script-[0-9a-z]+)-[0-9a-f]{8}/g, '$1-<hash>');
  expect([Object.fromEntries(schedules), ...JSON.parse(text)]).toMatchSnapshot();
});

test('the others are as the first, but for name and minute', () => {
  const [first, ...others] = cronJobs;
  const plain = (one: Manifest) => {
    const { schedule: _, ...spec } = one.spec;
    return JSON.parse(
      JSON.stringify(spec)
        .replaceAll(one.metadata.name, 'chore')
        .replace(/notifications-Chores-job-chore-\w+/, 'addr'),
    );
  };
  for (const each of others) expect(plain(each)).toEqual(plain(first));
});

test('the headline of case 4 is predicted from the minutes of the plan', () => {
  const [cpu, latency] = caseOf(4).headline.changes;
  expect(plan.predictions.cpuRatio).toBeLessThan(Number(cpu.after.value));
  expect(plan.predictions.onlineLatencySeconds).toBeLessThan(Number(latency.after.value));
  // Before, all of them: 0.45 + 36 × 0.2 ÷ 16.
  const { host, jobs } = CHORES;
  expect(host.onlineUtilisation + (jobs.length * jobs[0].cpu!) / host.cores).toBeCloseTo(Number(cpu.before.value), 9);
});

test('five chores run in the fullest minute, three on average: read from the manifests', () => {
  const minutes = new Array<number>(60).fill(0);
  for (const { spec } of cronJobs) {
    const start = Number(spec.schedule.split(' ')[0]);
    // Five minutes, begun up to 10 s after their minute.
    for (let minute = start; minute < start + 6; minute += 1) minutes[minute % 60] += 1;
  }
  expect(Math.max(...minutes)).toBe(5);
  expect((minutes.reduce((sum, runs) => sum + runs, 0) * 5) / 6 / 60).toBe(3);
});

test('case 7: two pods send at 95.2 mails a second, which takes 88 minutes of the two hours that are promised', () => {
  const { plan } = chart.mailing;
  const [deployment] = every(made, 'Deployment');
  const lanes = deployment.spec.template.spec.containers[0].env.find(({ name }: Manifest) => name === 'LANES').value;
  expect(deployment.spec.replicas).toBe(2);
  expect(JSON.parse(lanes)[0].pace.messagesPerSecond).toBeCloseTo(95.238, 3);
  expect(plan.predictions.campaignSeconds! / 60).toBeCloseTo(87.5, 1);
  const [bounces, blocks] = caseOf(7).headline.changes;
  expect(plan.predictions.failedRatio).toBe(Number(bounces.after.value));
  // A campaign of which 5 % fails gets the sender blocked.
  expect([plan.predictions.failedRatio < 0.05, Number(blocks.after.value)]).toEqual([true, 0]);
});

test('one merger a stream, and nothing that scales them', () => {
  const [statefulSet] = every(made, 'StatefulSet');
  expect(statefulSet.spec.replicas).toBe(chart.invalidations.plan.value('readers'));
  expect(made.manifests.map(({ kind }) => kind)).not.toContain('ScaledObject');
});

test('everything lives in one namespace, which enforces Pod Security restricted, and no secret stands in it', () => {
  const [namespace] = every(made, 'Namespace');
  expect(namespace.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  const elsewhere = made.manifests.filter(({ metadata }) => metadata.namespace !== namespace.metadata.name);
  expect(elsewhere.map(({ kind }) => kind)).toEqual(['Namespace']);
  expect(every(made, 'Secret')).toEqual([]);
});
