/** Both sides of a benchmark of synthesis make the same: a ratio to something else says nothing. */
import { assertSameWork } from '../../bench/synth';
import { assertSameK8s } from '../../bench/synth/k8s';
import { assertSameWhen } from '../../bench/synth/when/build';
import { assertSameWhenK8s } from '../../bench/synth/when/k8s-build';
import { WHEN_SUBJECTS } from '../../bench/synth/when/subject';

test('queues and workers, on AWS and on Kubernetes', () => {
  assertSameWork();
  assertSameK8s();
});

test.each(WHEN_SUBJECTS)('%s on AWS and on Kubernetes', (subject) => {
  assertSameWhen(subject);
  assertSameWhenK8s(subject);
});
