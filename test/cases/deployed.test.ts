/**
 * One question, one plan: every knob of a case has the same value in the reference environment that deploys it, on each
 * engine. A number that is simulated and another that is deployed would both look right.
 */
import { App, type Chart, Testing } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { REFERENCE_CHARTS } from '../../charts/reference';
import type { Case } from '../../lib/cases/case';
import { CASES } from '../../lib/cases/catalogue';
import type { Engine } from '../../lib/cases/engine';
import { enginesOf, runScenario } from '../../lib/cases/run-scenario';
import { Plan } from '../../lib/flow/plan';
import { REFERENCE_STACKS } from '../../stacks/reference';
import { googleEnvironments } from '../support/google-environments';
import { program } from '../support/pulumi';
import { referenceApp } from '../support/reference';

/** Every case that runs, on every engine that it is deployed on, with the path of what deploys it there. */
const DEPLOYED = CASES.filter(({ scenario }) => scenario).flatMap((each) =>
  enginesOf(each).flatMap((engine) =>
    each.constructs
      .filter(({ engines, available }) => available && engines.includes(engine))
      .map(({ deployed, name }) => ({ each, engine, name, deployed })),
  ),
);

function planOf(owner: unknown): Plan {
  const { plan } = owner as { plan?: unknown };
  if (!(plan instanceof Plan)) throw new Error('what deploys the case has no plan');
  return plan;
}

function child(root: IConstruct, path: string): IConstruct {
  return path.split('/').reduce((scope, id) => scope.node.findChild(id), root);
}

async function deployedPlan(engine: Engine, path: string): Promise<Plan> {
  const [environment, ...rest] = path.split('/');
  if (engine === 'aws') {
    const stack = new REFERENCE_STACKS[environment](referenceApp(), environment);
    return planOf(child(stack, rest.join('/')));
  }
  if (engine === 'k8s') {
    const chart: Chart = new REFERENCE_CHARTS[environment](Testing.app() as App, environment);
    return planOf(child(chart, rest.join('/')));
  }
  const { made } = await program(googleEnvironments);
  return planOf(made[rest[0] as keyof typeof made]);
}

const values = (knobs: readonly { readonly name: string; readonly value: number }[]) =>
  Object.fromEntries(knobs.map(({ name, value }) => [name, value]));

test('every case that runs says where it is deployed, on each engine that it has a construct for', () => {
  expect(
    DEPLOYED.filter(({ deployed }) => deployed === undefined).map(({ each, name }) => [each.number, name]),
  ).toEqual([]);
});

test.each(
  DEPLOYED.map(
    (one) =>
      [one.each.number, one.engine, one.deployed ?? '', one.each, one.name] as [number, Engine, string, Case, string],
  ),
)('case %d on %s is deployed as it is planned: %s', async (_number, engine, path, each, name) => {
  const { knobs } = runScenario(each, 1, engine, name);
  const deployed = values((await deployedPlan(engine, path)).knobs);
  const planned = values(knobs);
  // A chart reads a queue of SQS that AWS makes: it knows the address alone, and deploys no setting of the queue.
  const asked = engine === 'k8s' && 'maxReceiveCount' in planned ? without(planned, QUEUE_SETTINGS) : planned;
  expect(knobs.length).toBeGreaterThan(2);
  expect(deployed).toMatchObject(asked);
  for (const name of QUEUE_SETTINGS) expect([name, name in deployed]).toEqual([name, name in asked]);
});

const QUEUE_SETTINGS = ['visibilityTimeoutSeconds', 'maxReceiveCount', 'retentionSeconds'];

function without(all: Record<string, number>, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
}
