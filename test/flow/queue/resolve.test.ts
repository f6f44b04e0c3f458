import { consumerOf } from '../../../lib/flow/queue/resolve';

test('a consumer is what its compute is known for, unless told otherwise; undefined and 0 are not the same', () => {
  const defaults = { pollSeconds: 15, startSeconds: 30, decideSeconds: 0 };
  expect(consumerOf(defaults, { pollSeconds: undefined, startSeconds: 0, maxInstances: 4 })).toEqual({
    pollSeconds: 15,
    startSeconds: 0,
    decideSeconds: 0,
    maxInstances: 4,
  });
});
