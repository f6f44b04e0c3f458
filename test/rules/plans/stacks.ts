/** Previews and stacks of Pulumi that tests write by hand, and what the check says of them. */
import { judgeEach } from '../../../lib/rules/check';
import { notRead } from '../../../lib/rules/not-read';
import { readEach } from '../../../lib/rules/read';

export type Raw = Record<string, unknown>;

export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

export const urn = (type: string, name: string) => `urn:pulumi:dev::shop::${type}::${name}`;

export interface State {
  readonly type: string;
  readonly name: string;
  readonly inputs?: Raw;
  readonly needs?: Readonly<Record<string, readonly string[]>>;
  readonly more?: Raw;
}

function stateOf({ type, name, inputs = {}, needs = {}, more }: State): Raw {
  const propertyDependencies = Object.fromEntries(Object.entries(needs));
  return { urn: urn(type, name), custom: true, type, inputs, propertyDependencies, ...more };
}

/** What `pulumi preview --json` writes. */
export function preview(states: readonly State[], op = 'create'): Raw {
  return {
    config: {},
    steps: states.map((state) => ({ op, urn: urn(state.type, state.name), newState: stateOf(state) })),
    changeSummary: { [op]: states.length },
  };
}

/** What `pulumi stack export` writes. */
export function stack(states: readonly State[]): Raw {
  return { version: 3, deployment: { manifest: {}, resources: states.map(stateOf) } };
}

export function judged(parsed: unknown) {
  const reading = readEach([{ file: 'preview.json', text: JSON.stringify(parsed) }]);
  const { findings, failures } = judgeEach(reading);
  expect(failures).toEqual([]);
  return {
    found: findings.map(({ ruleId, resource, path }) => `${ruleId} ${resource.split('::').pop()} ${path}`),
    unread: notRead(reading.documents).map(({ what, count }) => `${count} ${what}`),
  };
}
