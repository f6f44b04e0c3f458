/** What a router of a node has beside the plan of its buffer. */
import { chosenKnob } from '../../alarms';
import type { Knob } from '../../plan';

const OWN = 'this library, docs/constructs/log-shipping.md';
const FLUENT_BIT = 'Fluent Bit, Tail';

/** The knobs of a DaemonSet of routers. */
export function nodeRouterKnobs(): Knob[] {
  return [
    chosenKnob(
      'routerCpu',
      0.1,
      'processors',
      'requested, without a limit: a router that is throttled falls behind',
      OWN,
    ),
    chosenKnob('refreshSeconds', 5, 's', 'a container that is started is found after it', FLUENT_BIT),
    chosenKnob('rotateWaitSeconds', 30, 's', 'a file that the kubelet has rotated is read to its end', FLUENT_BIT),
    chosenKnob(
      'ownLogBytes',
      5 * 2 ** 20,
      'bytes',
      'what the router itself says waits in memory, and may be lost',
      OWN,
    ),
    chosenKnob('nodesAtOnce', 1, 'nodes', 'whose router is replaced: the others go on reading', OWN),
  ];
}
