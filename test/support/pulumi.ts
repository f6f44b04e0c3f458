/** Pulumi programs under mocks: every resource with the inputs that a provider would get. */
import * as pulumi from '@pulumi/pulumi';
import { CapacityError, InvalidInputError } from '../../lib/flow/errors';
import type { Untyped } from './stack';

/** A resource as it was registered. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  /** Inputs as a provider gets them; secrets stand as `{ secret: value }`. */
  readonly inputs: Record<string, Untyped>;
}

const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';

// Every resource and promise notes its call stack, which jest then maps back to TypeScript: two thirds of the time.
Error.prepareStackTrace = (error) => String(error);

let registered: Registered[] = [];

/** Outputs that Google Cloud would have made. */
export function outputs(type: string, name: string, inputs: Record<string, Untyped>): Record<string, Untyped> {
  const known = { project: 'shop-project', name: `${name}-1a2b3c4`, ...inputs };
  switch (type) {
    case 'gcp:serviceaccount/account:Account': {
      const email = `${inputs.accountId}@shop-project.iam.gserviceaccount.com`;
      return { ...known, email, name: `projects/shop-project/serviceAccounts/${email}` };
    }
    case 'gcp:cloudrunv2/service:Service':
      return { ...known, uri: `https://${known.name}.run.app` };
    default:
      return known;
  }
}

pulumi.runtime.setMocks(
  {
    newResource: ({ type, name, inputs }) => {
      registered.push({ type, name, inputs: plain(inputs) });
      const state = outputs(type, name, inputs);
      return { id: idOf(type, name, state), state };
    },
    call: ({ token }) => providerCall(token),
  },
  'backpressure',
  'test',
);

/** The id that Google Cloud would have given. */
export function idOf(type: string, name: string, state: Record<string, Untyped>): string {
  if (!type.startsWith('gcp:pubsub')) return `${name}-id`;
  return `projects/shop-project/${type.endsWith('Topic') ? 'topics' : 'subscriptions'}/${state.name}`;
}

/** What Google Cloud answers to what is looked up rather than made. */
export function providerCall(token: string): Record<string, Untyped> {
  if (token !== 'gcp:organizations/getProject:getProject') throw new Error(`unexpected call of ${token}`);
  return { number: '4711', projectId: 'shop-project' };
}

/** Inputs with their secrets named as such. */
export function plain(value: Untyped): Untyped {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  if (value[SIGNATURE] === SECRET) return { secret: plain(value.value) };
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

/** Runs a piece of program and waits until all it made is registered. */
export async function program<T>(make: () => T): Promise<{ made: T; resources: Registered[] }> {
  registered = [];
  const made = make();
  await pulumi.runtime.disconnect();
  return { made, resources: registered };
}

/** The inputs of the one resource of that type and name. */
export function inputsOf(resources: readonly Registered[], type: string, name: string): Record<string, Untyped> {
  const found = resources.filter((one) => one.type.endsWith(`:${type}`) && one.name === name);
  if (found.length !== 1) {
    const there = resources.map((one) => `${one.type} ${one.name}`).join(', ');
    throw new Error(`${found.length} of ${type} ${name}; there are ${there}`);
  }
  return found[0].inputs;
}

/** The inputs of every resource of that type, by name. */
export function allOf(resources: readonly Registered[], type: string): Record<string, Record<string, Untyped>> {
  return Object.fromEntries(
    resources.filter((one) => one.type.endsWith(`:${type}`)).map(({ name, inputs }) => [name, inputs]),
  );
}

/** What came of random arguments: resources without a hole in them, or one of our two errors. */
export async function madeOrNamed<T>(
  subject: RegExp,
  make: () => T,
): Promise<{ made: T; resources: Registered[] } | undefined> {
  try {
    const result = await program(make);
    expect(JSON.stringify(result.resources)).not.toMatch(/\b(null|NaN|Infinity)\b|"undefined"|\[object/);
    return result;
  } catch (error) {
    if (!(error instanceof CapacityError || error instanceof InvalidInputError)) throw error;
    expect(error.message).toMatch(subject);
    expect(error.message).not.toMatch(/undefined|\[object|NaN s/);
    return undefined;
  }
}
