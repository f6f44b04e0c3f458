/** Handling of one event: a stack that creates, changes or deletes its job, or a look whether the run is there. */
import { deploy, hashOf, keep, type Run, type Step, type Wanted } from './decide';

/** The calls to Amazon EMR Serverless. Each may be made twice. */
export interface Runs {
  /** All runs of an application; none when there is no such application. */
  list(applicationId: string): Promise<readonly Run[]>;
  /** Starts a run, or finds the one that was started with the same token. */
  start(wanted: Wanted, request: string, clientToken: string): Promise<string>;
  cancel(run: Run): Promise<void>;
  /** Whether it was on; an application has to be off before it can be deleted. */
  stopApplication(applicationId: string): Promise<boolean>;
}

/** The ports to the outside. */
export interface Ports {
  readonly runs: Runs;
  /** Counts a run that was started again. */
  restarted(runId: string): void;
  sleep(seconds: number): Promise<void>;
  /** Seconds that are left for this event. */
  secondsLeft(): number;
}

/** The job as the function knows it. */
export interface Job {
  readonly applicationId: string;
  /** What a run is started with, as text. */
  readonly request: string;
  /** Seconds between two looks. */
  readonly pollSeconds: number;
}

/** Event of the provider framework. */
export interface ResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResourceProperties: { readonly ApplicationId: string };
  readonly OldResourceProperties?: { readonly ApplicationId?: string };
}

/** Event of the schedule, and of a run that ended. */
export interface KeepEvent {
  readonly Keep: unknown;
}

/** What was done. */
export interface Answer {
  readonly PhysicalResourceId?: string;
  readonly done: string;
}

/** Nothing below this is worth a further look. */
const LEAST_SECONDS = 5;

/**
 * @throws when an event is neither of the two, when a run does not end in time, and when the service refuses
 */
export async function handleEvent(event: ResourceEvent | KeepEvent, job: Job, ports: Ports): Promise<Answer> {
  const wanted = { applicationId: job.applicationId, hash: hashOf(job.request) };
  if ('Keep' in event) return keepRunning(job, wanted, ports);
  if (!['Create', 'Update', 'Delete'].includes(event.RequestType)) {
    throw new Error('an event is Create, Update or Delete of a stack, or Keep');
  }
  const { ApplicationId } = event.ResourceProperties;
  if (event.RequestType === 'Delete') {
    await settle([ApplicationId], job, undefined, ports);
    await untilStopped(ApplicationId, job, ports);
    return { PhysicalResourceId: ApplicationId, done: 'cancelled' };
  }
  // The function's own settings are those of the stack: the resource depends on it.
  const before = event.OldResourceProperties?.ApplicationId;
  const applications = [...new Set([ApplicationId, ...(before === undefined ? [] : [before])])];
  const id = await settle(applications, job, { ...wanted, applicationId: ApplicationId }, ports);
  return { PhysicalResourceId: ApplicationId, done: `runs ${id}` };
}

async function keepRunning(job: Job, wanted: Wanted, ports: Ports): Promise<Answer> {
  const step = keep(await ports.runs.list(wanted.applicationId), wanted);
  const id = await take(step, job, wanted, ports);
  if (step.kind === 'start' && id !== undefined) ports.restarted(id);
  return { done: step.kind === 'start' ? `runs ${id} again` : step.kind };
}

/** Step after step until what is wanted runs, and nothing else does. */
async function settle(
  applications: readonly string[],
  job: Job,
  wanted: Wanted | undefined,
  ports: Ports,
): Promise<string | undefined> {
  for (;;) {
    const runs = (await Promise.all(applications.map((one) => ports.runs.list(one)))).flat();
    const step = deploy(runs, wanted);
    const id = await take(step, job, wanted, ports);
    if (step.kind === 'start' || step.kind === 'done') return id;
    await pause(job, ports, () => `${step.runs.map(told).join(', ')}: not ended yet; deploy again`);
  }
}

async function untilStopped(applicationId: string, job: Job, ports: Ports): Promise<void> {
  while (await ports.runs.stopApplication(applicationId)) {
    await pause(job, ports, () => `application ${applicationId}: not stopped yet; delete again`);
  }
}

/** Makes the calls of a step. */
async function take(step: Step, job: Job, wanted: Wanted | undefined, { runs }: Ports): Promise<string | undefined> {
  switch (step.kind) {
    case 'cancel': {
      // Each for itself: one that fails must not keep the others alive.
      const results = await Promise.allSettled(step.runs.map((run) => runs.cancel(run)));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
      return undefined;
    }
    case 'start':
      return runs.start(wanted as Wanted, job.request, step.clientToken);
    case 'done':
      return step.run?.id;
    default:
      return undefined;
  }
}

async function pause({ pollSeconds }: Job, ports: Ports, late: () => string): Promise<void> {
  if (ports.secondsLeft() < pollSeconds + LEAST_SECONDS) throw new Error(late());
  await ports.sleep(pollSeconds);
}

function told({ id, state }: Run): string {
  return `run ${id} is ${state}`;
}
