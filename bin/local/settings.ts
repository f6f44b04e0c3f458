/** What the local run sets otherwise than a real account gets: nothing differs without being printed. */
import { WEBHOOKS } from '../../lib/cases/case-15-webhook-flood';
import { duration, figure } from '../../lib/flow/figures';
import { planQueue } from '../../lib/flow/queue/plan';
import type { QueuePlan } from '../../lib/flow/queue/workload';
import { RETRY_SECONDS } from '../../lib/runtime/webhook/contract';
import { type IntakeQuestion, LOCAL_INTAKE, WEBHOOK_FLOOD } from '../../stacks/order-intake';

/** The name of the environment in the CDK app. */
export const STACK = 'OrderIntake';

/** One setting, with its value here and in a real account. */
export interface LocalSetting {
  readonly name: string;
  readonly here: string;
  readonly account: string;
}

/** The plan with which the environment is deployed for that question. */
export function planOf(question: IntakeQuestion): QueuePlan {
  const { workload, objective, platform, maxRedrives } = question;
  return planQueue(STACK, {
    workload,
    objective,
    platform,
    broker: 'sqs',
    functionTimeoutSeconds: WEBHOOKS.on.aws.functionTimeoutSeconds,
    redrive: { maxRedrives },
  });
}

/** Every setting that differs. */
export function localSettings(): LocalSetting[] {
  const rows: [string, (question: IntakeQuestion, plan: QueuePlan) => string][] = [
    ['sized for a peak of', ({ workload }) => `${figure(workload.peakPerSecond ?? workload.steadyPerSecond)}/s`],
    ['outside the peak', ({ workload }) => `${figure(workload.steadyPerSecond)}/s`],
    ['length of the peak', ({ workload }) => duration(workload.peakSeconds ?? 0)],
    ['time of one order', ({ workload }) => duration(workload.serviceSeconds)],
    ['of it in the order system', ({ downstreamSeconds }) => duration(downstreamSeconds)],
    ['99 % of orders within', ({ objective }) => duration(objective.latencySeconds)],
    ['workers at most', (_, plan) => figure(plan.value('maxInstances'))],
    ['how workers poll', ({ platform }) => (platform === 'lambda' ? 'pollers that grow' : 'provisioned pollers')],
    ['wait before a retry, at most', ({ retryCapSeconds }) => duration(retryCapSeconds ?? RETRY_SECONDS.cap)],
    ['times a failed order is sent back', (_, plan) => figure(plan.value('maxRedrives'))],
  ];
  const plans = { here: planOf(LOCAL_INTAKE), account: planOf(WEBHOOK_FLOOD) };
  return rows
    .map(([name, of]) => ({ name, here: of(LOCAL_INTAKE, plans.here), account: of(WEBHOOK_FLOOD, plans.account) }))
    .filter(({ here, account }) => here !== account);
}
