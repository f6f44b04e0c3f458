/** A queue that exists already, which a plan for its worker cannot change. */
import { given, type Knob } from '../plan';
import { QueuePlan } from './workload';

/** The settings of a queue of Amazon SQS as far as they are known; absent ones are not, or the queue has none. */
export interface QueueSettings {
  readonly visibilityTimeoutSeconds?: number;
  readonly maxReceiveCount?: number;
  readonly retentionSeconds?: number;
}

const SETTINGS: Readonly<Record<keyof QueueSettings, true>> = {
  visibilityTimeoutSeconds: true,
  maxReceiveCount: true,
  retentionSeconds: true,
};

/**
 * The plan with the settings that the queue has in place of those that would be derived; without the unknown ones, and
 * without the delay of a retry where it would follow from an unknown one.
 */
export function withQueueSettings(plan: QueuePlan, settings: QueueSettings): QueuePlan {
  const knobs = plan.knobs.flatMap((knob): Knob[] => {
    if (knob.name === 'retryDelaySeconds') return settings.visibilityTimeoutSeconds === undefined ? [] : [knob];
    if (!isSetting(knob.name)) return [knob];
    const value = settings[knob.name];
    return value === undefined ? [] : [given(knob.name, value, knob.unit, 'set on the queue')];
  });
  return new QueuePlan(plan.subject, knobs, plan.predictions, plan.remarks, plan.servedBy, plan.peaked);
}

/** The plan without these knobs: what they set is not there. */
export function withoutKnobs(plan: QueuePlan, names: readonly string[]): QueuePlan {
  const knobs = plan.knobs.filter(({ name }) => !names.includes(name));
  return new QueuePlan(plan.subject, knobs, plan.predictions, plan.remarks, plan.servedBy, plan.peaked);
}

/** The plan with one more remark. */
export function withRemark(plan: QueuePlan, remark: string): QueuePlan {
  const { subject, knobs, predictions, remarks, servedBy, peaked } = plan;
  return new QueuePlan(subject, knobs, predictions, [...remarks, remark], servedBy, peaked);
}

function isSetting(name: string): name is keyof QueueSettings {
  return Object.hasOwn(SETTINGS, name);
}
