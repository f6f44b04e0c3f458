import { shown } from '../../flow/errors';
import type { Resource } from '../document';
import type { Rule } from '../rule';
import type { Manifests } from './read/manifests';

const RUNNER_SET = 'actions.github.com/AutoscalingRunnerSet';
const VERSION = 'app.kubernetes.io/version';
/** The container in which the steps of a job run (ARC, AutoscalingRunnerSet). */
const RUNNER = 'runner';

/** Rules about pools of runners of Actions Runner Controller. */
export const RUNNER_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-ARC-001',
    title: 'The controller deletes a runner set that does not name its version',
    why: 'The controller compares this label with its own version, and deletes a set that differs or has none. Jobs of its label then wait for a runner that never comes.',
    source:
      'Actions Runner Controller, autoscalingrunnerset_controller.go: "version doesn\'t match the build version. Deleting the resource"; issues 3233 and 4422',
    severity: 'error',
    cases: [13],
    *check(manifests) {
      for (const set of manifests.ofType(RUNNER_SET)) {
        const label = set.at('metadata', 'labels', VERSION);
        if (!label.absent && label.text() !== '') continue;
        yield {
          at: label.absent ? set.at('metadata', 'labels') : label,
          message: `the label ${VERSION} is ${label.absent ? 'not set' : 'empty'}: the controller takes the set for one of another version and deletes it`,
          fix: `set it to the version of the controller, such as 0.14.2, and change both together`,
        };
      }
    },
  },
  {
    id: 'BP-ARC-002',
    title: 'A pool of runners without a limit',
    why: 'Every waiting job gets a runner at once. A push to many branches takes all room of the cluster from whatever else runs there.',
    source: 'Actions Runner Controller, gha-runner-scale-set: maxRunners, 2147483647 unless set',
    severity: 'warning',
    cases: [13],
    *check(manifests) {
      for (const set of manifests.ofType(RUNNER_SET)) {
        const most = set.at('spec', 'maxRunners');
        if (!most.absent) continue;
        yield {
          at: most,
          message: 'maxRunners is not set: as many runners start as jobs wait',
          fix: 'set maxRunners to what the wait that you promise needs: `backpressure size` and docs/constructs/k8s-ci-concurrency.md count it',
        };
      }
    },
  },
  {
    id: 'BP-ARC-003',
    title: 'A runner that may take the memory of its node',
    why: 'Without a limit the build of one branch takes memory from all pods of the node, and the kernel ends whichever is largest, not the one that grew.',
    source: 'Kubernetes, Resource Management for Pods and Containers; Node-pressure Eviction',
    severity: 'warning',
    cases: [13],
    *check(manifests) {
      for (const set of manifests.ofType(RUNNER_SET)) {
        for (const container of runnersOf(set)) {
          const limit = container.at('resources', 'limits', 'memory');
          if (!limit.absent) continue;
          yield {
            at: limit,
            message: `the container ${shown(RUNNER)} has no limit of memory`,
            fix: 'set resources.limits.memory, with the same request: then a job that takes more ends alone',
          };
        }
      }
    },
  },
];

function runnersOf(set: Resource) {
  return set
    .at('spec', 'template', 'spec', 'containers')
    .items()
    .filter((container) => container.at('name').text() === RUNNER);
}
