/** Every reference environment keeps what it holds. */
import { Template } from 'aws-cdk-lib/assertions';
import { lost, NOTHING, STATEFUL, STATELESS } from '../support/deployed';
import { REFERENCE_NAMES, reference } from '../support/reference';
import type { Untyped } from '../support/stack';

describe.each(REFERENCE_NAMES)('%s', (name) => {
  const template = Template.fromStack(reference(name)).toJSON();
  const resources = Object.entries<Untyped>(template.Resources);

  test('of every type of resource it is decided whether it holds something', () => {
    const undecided = resources
      .map(([, { Type }]) => Type as string)
      .filter((type) => !(type in STATEFUL) && !STATELESS.some((prefix) => type.startsWith(prefix)));
    expect([...new Set(undecided)]).toEqual([]);
  });

  test('everything that holds something outlives a change that replaces it, and the stack', () => {
    const stateful = resources.filter(([, { Type }]) => Type in STATEFUL);
    // Runners keep nothing.
    expect(stateful.length > 0).toBe(name !== 'Delivery');
    const policies = stateful.map(([id, one]) => [id, one.DeletionPolicy, one.UpdateReplacePolicy]);
    expect(policies).toEqual(stateful.map(([id]) => [id, 'Retain', 'Retain']));
    expect(lost(template, NOTHING)).toEqual([]);
  });
});
