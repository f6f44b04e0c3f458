/** The Pulumi program of the webhook environment, run by Pulumi's own Node host; only the engine behind it is ours. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { WEBHOOKS } from '../../lib/cases/case-15-webhook-flood';
import { inputsOf } from '../support/pulumi';
import { type Run, runProgram } from '../support/pulumi-engine';
import { STATEFUL, STATELESS } from '../support/pulumi-types';

const folder = join(__dirname, '..', '..', 'bin', 'gcp');
const config = { receiverImage: 'receiver', consumerImage: 'consumer', githubSecret: 'open sesame' };
const secrets = ['githubSecret'];

let run: Run;
beforeAll(async () => {
  run = await runProgram({ folder, config: { ...config, notificationChannel: 'channel' }, secrets });
}, 120_000);

test('it runs to its end, and says nothing', () => {
  expect([run.status, run.messages]).toEqual([0, []]);
});

test('it exports where senders post to, whom to grant, where dead letters are, and why every number is what it is', () => {
  expect(run.outputs).toEqual({
    url: 'https://webhooks-receiver-1a2b3c4.run.app',
    consumerAccount: 'webhooks-worker@shop-project.iam.gserviceaccount.com',
    deadLetterSubscription: 'projects/shop-project/subscriptions/webhooks-dead-letters-1a2b3c4',
    messagesTopic: 'projects/shop-project/topics/messages-1a2b3c4',
    plan: expect.stringContaining('webhooks: expect'),
    messagesPlan: expect.stringContaining('messages: expect'),
    choresQueue: 'chores-id',
    choresPlan: expect.stringContaining('chores: expect'),
    mailingQueue: 'mailing-id',
    mailingTaskAccount: 'mailing-task@shop-project.iam.gserviceaccount.com',
    mailingPlan: expect.stringContaining('mailing: expect'),
  });
});

test('it is sized from case 15', () => {
  expect(run.outputs.plan).toContain(`peakPerSecond ${WEBHOOKS.workload.peakPerSecond}`);
  const { template } = inputsOf(run.resources, 'Service', 'webhooks-worker');
  expect(template.maxInstanceRequestConcurrency).toBe(WEBHOOKS.on.gcp.consumer.slotsPerInstance);
  const most = new RegExp(`maxInstances = ${template.scaling.maxInstanceCount} instances`);
  expect(run.outputs.plan).toMatch(most);
});

test('the secret of its configuration is secret all the way, and nowhere else', () => {
  const { secretData } = inputsOf(run.resources, 'SecretVersion', 'webhooks-github');
  expect(secretData).toEqual({ secret: 'open sesame' });
  const others = run.resources.filter(({ type }) => !type.endsWith(':SecretVersion'));
  expect(JSON.stringify([others, run.outputs, run.messages])).not.toContain('open sesame');
});

test('messages stay in the region, alerts go to the channel', () => {
  expect(inputsOf(run.resources, 'Topic', 'webhooks').messageStoragePolicy).toEqual({
    allowedPersistenceRegions: ['europe-west1'],
  });
  expect(inputsOf(run.resources, 'AlertPolicy', 'webhooks-turned-away').notificationChannels).toEqual(['channel']);
});

test('of every type of resource it is decided whether it holds something', () => {
  const types = new Set(run.resources.map(({ type }) => type));
  expect([...types].filter((type) => !STATEFUL.test(type) && !STATELESS.test(type))).toEqual([]);
});

test('what holds messages or secrets stays when it leaves the program, with the grants that keep it moving', () => {
  const stateful = run.resources.filter(({ type }) => STATEFUL.test(type)).map(({ type, name }) => `${type} ${name}`);
  expect(stateful).toHaveLength(14);
  expect(run.retained).toEqual(expect.arrayContaining(stateful));
  const others = run.retained.filter((one) => !stateful.includes(one));
  expect(others.map((one) => one.replace(/^.*:/, ''))).toEqual([
    'TopicIAMMember messages-dead-lettering',
    'TopicIAMMember webhooks-dead-lettering',
    'SubscriptionIAMMember messages-dead-lettering',
    'SubscriptionIAMMember webhooks-dead-lettering',
  ]);
});

test('what it must be told is what Pulumi.yaml says: the run above was told no more', () => {
  const declared = parse(readFileSync(join(folder, 'Pulumi.yaml'), 'utf8')).config as Record<
    string,
    { default?: string; secret?: boolean }
  >;
  const required = Object.keys(declared).filter((key) => declared[key].default === undefined);
  expect(required.sort()).toEqual(Object.keys(config).sort());
  expect(Object.keys(declared).filter((key) => declared[key].secret)).toEqual(secrets);
});
