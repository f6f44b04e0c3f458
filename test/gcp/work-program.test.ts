/** The Pulumi program of work, run by Pulumi's own Node host; only the engine behind it is ours. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { inputsOf } from '../support/pulumi';
import { type Run, runProgram } from '../support/pulumi-engine';
import { STATEFUL, STATELESS } from '../support/pulumi-types';

const folder = join(__dirname, '..', '..', 'bin', 'gcp', 'work');
const config = { orderImage: 'order', imageImage: 'image' };

let run: Run;
beforeAll(async () => {
  run = await runProgram({ folder, config: { ...config, notificationChannel: 'channel' }, secrets: [] });
}, 120_000);

test('it runs to its end, and says nothing', () => {
  expect([run.status, run.messages]).toEqual([0, []]);
});

test('it exports where to publish, whom to grant, where dead letters are, and why every number is what it is', () => {
  expect(run.outputs).toMatchObject({
    topics: {
      orders: 'projects/shop-project/topics/orders-1a2b3c4',
      images: 'projects/shop-project/topics/images-1a2b3c4',
    },
    accounts: { orders: 'orders-worker@shop-project.iam.gserviceaccount.com' },
    deadLetterSubscriptions: { images: 'projects/shop-project/subscriptions/images-dead-letters-1a2b3c4' },
    ordersPlan: expect.stringContaining('orders: expect'),
    imagesPlan: expect.stringContaining('images: expect'),
  });
});

test('each pool has an autoscaler of its own, and each autoscaler one pool', () => {
  for (const name of ['orders', 'images']) {
    const { parameterData } = inputsOf(run.resources, 'ParameterVersion', `${name}-scaler`);
    const { scaledObjects } = JSON.parse(parameterData.secret).spec;
    expect(scaledObjects.map(({ spec }: { spec: { scaleTargetRef: object } }) => spec.scaleTargetRef)).toEqual([
      { name: `projects/shop-project/locations/europe-west1/workerpools/${name}-1a2b3c4` },
    ]);
  }
});

test('an image has a core: four slots on four vCPUs, with the memory that these ask for', () => {
  const { limits } = inputsOf(run.resources, 'WorkerPool', 'images').template.containers[0].resources;
  expect(limits).toEqual({ cpu: '4', memory: '2048Mi' });
});

test('of every type of resource it is decided whether it holds something; what does stays', () => {
  const types = new Set(run.resources.map(({ type }) => type));
  expect([...types].filter((type) => !STATEFUL.test(type) && !STATELESS.test(type))).toEqual([]);
  const stateful = run.resources.filter(({ type }) => STATEFUL.test(type)).map(({ type, name }) => `${type} ${name}`);
  expect(stateful.length).toBeGreaterThanOrEqual(8);
  expect(run.retained).toEqual(expect.arrayContaining(stateful));
});

test('alerts go to the channel', () => {
  expect(inputsOf(run.resources, 'AlertPolicy', 'images-scaler-silent').notificationChannels).toEqual(['channel']);
});

test('what it must be told is what Pulumi.yaml says: the run above was told no more', () => {
  const declared = parse(readFileSync(join(folder, 'Pulumi.yaml'), 'utf8')).config as Record<
    string,
    { default?: string }
  >;
  const required = Object.keys(declared).filter((key) => declared[key].default === undefined);
  expect(required.sort()).toEqual(Object.keys(config).sort());
});
