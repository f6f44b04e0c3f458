import type { Resource, Value } from '../document';
import type { Found, Rule } from '../rule';
import { functionAt, reservedOf } from './read/functions';
import { type State, statesOf } from './read/states';
import type { Template } from './read/template';

/** Iterations that a Map starts at once when it does not say, in its own execution. */
const INLINE_AT_ONCE = 40;

/** Rules about Step Functions. */
export const STATE_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-STATES-001',
    title: 'A Map starts more at once than its function may run',
    why: 'Every iteration above the reserved concurrency fails with Lambda.TooManyRequestsException, uses up its retries, and ends the whole execution.',
    source:
      'AWS Step Functions Developer Guide, "Map workflow state": MaxConcurrency, up to 40 at once in inline mode; Lambda, reserved concurrency',
    severity: 'warning',
    cases: [4, 6],
    *check(template) {
      for (const machine of template.ofType('AWS::StepFunctions::StateMachine'))
        for (const state of statesOf(machine)) if (state.type === 'Map') yield* tooWide(template, state);
    },
  },
];

function* tooWide(template: Template, map: State): Iterable<Found> {
  const at = map.body.at('MaxConcurrency');
  // A path, or a distributed map, is decided by the execution.
  const mode = map.body.at('ItemProcessor', 'ProcessorConfig', 'Mode').text('INLINE');
  if (!map.body.at('MaxConcurrencyPath').absent || at.number(0) === undefined) return;
  const given = at.number(0)!;
  const atOnce = mode === 'INLINE' ? Math.min(given === 0 ? INLINE_AT_ONCE : given, INLINE_AT_ONCE) : given;
  for (const state of map.within) {
    const handler = state.type === 'Task' ? calledBy(template, state.body) : undefined;
    const room = handler && reservedOf(handler).number();
    if (!handler || !room || atOnce <= room) continue;
    yield {
      at,
      message: `${at.absent ? 'no MaxConcurrency: ' : ''}up to ${atOnce} iterations call ${handler.name} at once, and ${room} runs are reserved: ${atOnce - room} fail with Lambda.TooManyRequestsException`,
      fix: `set MaxConcurrency to ${room} or less, or reserve ${atOnce}`,
    };
  }
}

/** The function of a task: its Resource, or the FunctionName of an optimized integration. */
function calledBy(template: Template, task: Value): Resource | undefined {
  const direct = functionAt(template, task.at('Resource'));
  if (direct) return direct;
  const integration = task.at('Resource').text() ?? '';
  if (!/:states:.*:lambda:invoke(\.waitForTaskToken)?$/.test(integration)) return undefined;
  const name = task.at('Parameters', 'FunctionName');
  return functionAt(template, name.absent ? task.at('Arguments', 'FunctionName') : name);
}
