import { ConflictException, type EMRServerlessClient, ResourceNotFoundException } from '@aws-sdk/client-emr-serverless';
import fc from 'fast-check';
import { deploy, hashOf, keep, type Run, type Wanted } from '../../lib/runtime/etl-keeper/decide';
import { EmrRuns } from '../../lib/runtime/etl-keeper/emr-runs';
import {
  handleEvent,
  type Job,
  type KeepEvent,
  type Ports,
  type ResourceEvent,
} from '../../lib/runtime/etl-keeper/keeper';
import { runs as cases } from '../support/property';

/** A service in memory: applications with runs, and what a token has started. */
class Service implements Ports {
  public readonly all: (Run & { state: string })[] = [];
  public readonly counted: string[] = [];
  public readonly started = new Map<string, string>();
  public readonly gone = new Set<string>();
  public on = new Set<string>();
  public seconds = 840;
  /** Looks that a cancelled run lives on for. */
  public endsAfter = 1;
  public failing: string[] = [];
  /** The most runs that were alive at once. */
  public mostAlive = 0;
  private looks = new Map<string, number>();

  public readonly runs = {
    list: async (applicationId: string) => {
      if (this.gone.has(applicationId)) return [];
      return this.all.filter((run) => run.applicationId === applicationId).map((run) => ({ ...run }));
    },
    start: async (wanted: Wanted, _request: string, token: string) => {
      if (this.failing.includes('start')) throw new Error('ServiceQuotaExceeded');
      const known = this.started.get(token);
      if (known !== undefined) return known;
      const id = this.add(wanted.applicationId, 'SUBMITTED', wanted.hash);
      this.started.set(token, id);
      return id;
    },
    cancel: async ({ id }: Run) => {
      if (this.failing.includes(id)) throw new Error(`cannot cancel ${id}`);
      this.set(id, 'CANCELLING');
      this.looks.set(id, this.endsAfter);
    },
    stopApplication: async (applicationId: string) => this.on.delete(applicationId),
  };

  public add(applicationId: string, state: string, hash?: string): string {
    const id = `r${this.all.length + 1}`;
    this.all.push({ applicationId, id, state, hash, startedAt: this.all.length });
    const alive = this.alive();
    this.mostAlive = Math.max(this.mostAlive, alive.length);
    return id;
  }

  public set(id: string, state: string): void {
    const run = this.all.find((one) => one.id === id);
    if (run !== undefined) run.state = state;
  }

  public alive(): string[] {
    return this.all.filter(({ state }) => !['FAILED', 'CANCELLED', 'SUCCESS'].includes(state)).map(({ id }) => id);
  }

  public restarted(id: string): void {
    this.counted.push(id);
  }

  public secondsLeft(): number {
    return this.seconds;
  }

  public async sleep(seconds: number): Promise<void> {
    this.seconds -= seconds;
    for (const [id, left] of this.looks) {
      this.looks.set(id, left - 1);
      if (left <= 1) {
        this.set(id, 'CANCELLED');
        this.looks.delete(id);
      }
    }
  }
}

const job = (request = 'one', applicationId = 'a'): Job => ({ applicationId, request, pollSeconds: 10 });
const resource = (type: ResourceEvent['RequestType'], applicationId = 'a', old?: string): ResourceEvent => ({
  RequestType: type,
  ResourceProperties: { ApplicationId: applicationId },
  ...(old !== undefined && { OldResourceProperties: { ApplicationId: old } }),
});
const KEEP: KeepEvent = { Keep: true };
const created = async (service = new Service()) => {
  await handleEvent(resource('Create'), job(), service);
  service.set('r1', 'RUNNING');
  return service;
};

describe('one stack after another', () => {
  test('create starts one run, update ends it before it starts the next, delete leaves none and a stopped application', async () => {
    const service = await created();
    expect(service.alive()).toEqual(['r1']);
    const answer = await handleEvent(resource('Update', 'a', 'a'), job('two'), service);
    expect(answer).toEqual({ PhysicalResourceId: 'a', done: 'runs r2' });
    expect([service.alive(), service.mostAlive]).toEqual([['r2'], 1]);
    expect(service.all[1].hash).toBe(hashOf('two'));
    service.on.add('a');
    await handleEvent(resource('Delete'), job('two'), service);
    expect([service.alive(), service.on.size]).toEqual([[], 0]);
  });

  test('an update that changes nothing of the run leaves it alone', async () => {
    const service = await created();
    await handleEvent(resource('Update', 'a', 'a'), job(), service);
    expect(service.all.map(({ state }) => state)).toEqual(['RUNNING']);
  });

  test('another application: the run of the old one ends before one starts in the new one', async () => {
    const service = await created();
    await handleEvent(resource('Update', 'b', 'a'), job('one', 'b'), service);
    expect(service.all.map(({ applicationId, state }) => [applicationId, state])).toEqual([
      ['a', 'CANCELLED'],
      ['b', 'SUBMITTED'],
    ]);
    expect(service.mostAlive).toBe(1);
    // CloudFormation then deletes the old one: the new run stays.
    await handleEvent(resource('Delete', 'a'), job('one', 'b'), service);
    expect(service.alive()).toEqual(['r2']);
  });

  test('a roll-back brings the old version again, as a new run', async () => {
    const service = await created();
    await handleEvent(resource('Update', 'a', 'a'), job('two'), service);
    await handleEvent(resource('Update', 'a', 'a'), job('one'), service);
    expect(service.all.map(({ hash, state }) => [hash, state])).toEqual([
      [hashOf('one'), 'CANCELLED'],
      [hashOf('two'), 'CANCELLED'],
      [hashOf('one'), 'SUBMITTED'],
    ]);
  });

  test('an application that is gone has nothing to end', async () => {
    const service = await created();
    service.gone.add('a');
    expect(await handleEvent(resource('Delete'), job(), service)).toEqual({
      PhysicalResourceId: 'a',
      done: 'cancelled',
    });
  });
});

describe('events that come twice, late, or in between', () => {
  test('a creation that is sent twice has one run', async () => {
    const service = await created();
    await handleEvent(resource('Create'), job(), service);
    expect(service.all).toHaveLength(1);
  });

  test('two keepers that see the same failed run start one', async () => {
    const service = await created();
    service.set('r1', 'FAILED');
    await Promise.all([handleEvent(KEEP, job(), service), handleEvent(KEEP, job(), service)]);
    expect(service.alive()).toEqual(['r2']);
  });

  test('a failed run starts again and is counted, also the second time', async () => {
    const service = await created();
    for (const next of ['r2', 'r3']) {
      service.set(service.alive()[0], 'FAILED');
      expect(await handleEvent(KEEP, job(), service)).toEqual({ done: `runs ${next} again` });
    }
    expect([service.alive(), service.counted]).toEqual([['r3'], ['r2', 'r3']]);
  });

  test('a run that a person cancelled stays so, until the next deployment', async () => {
    const service = await created();
    service.set('r1', 'CANCELLED');
    await handleEvent(KEEP, job(), service);
    expect(service.alive()).toEqual([]);
    await handleEvent(resource('Update', 'a', 'a'), job(), service);
    expect(service.alive()).toEqual(['r2']);
  });

  test('while a deployment ends the old version, no event brings the new one or the old one', async () => {
    const service = await created();
    for (const state of ['RUNNING', 'CANCELLING', 'CANCELLED', 'FAILED']) {
      service.set('r1', state);
      await handleEvent(KEEP, job('two'), service);
      expect([state, service.all.length]).toEqual([state, 1]);
    }
    service.set('r1', 'CANCELLING');
    await handleEvent(KEEP, job('one'), service);
    expect(service.all).toHaveLength(1);
  });

  test('an event before the first deployment starts nothing', async () => {
    const service = new Service();
    await handleEvent(KEEP, job(), service);
    expect(service.all).toEqual([]);
  });

  test('a run that is cancelled while it starts is waited for', async () => {
    const service = new Service();
    service.add('a', 'SCHEDULED', hashOf('old'));
    service.endsAfter = 5;
    await handleEvent(resource('Update', 'a', 'a'), job(), service);
    expect([service.alive(), service.mostAlive, service.seconds]).toEqual([['r2'], 1, 840 - 5 * 10]);
  });

  test('of two that are alike the younger one ends', async () => {
    const service = await created();
    service.add('a', 'QUEUED', hashOf('one'));
    await handleEvent(KEEP, job(), service);
    expect(service.all.map(({ state }) => state)).toEqual(['RUNNING', 'CANCELLING']);
  });
});

describe('what fails', () => {
  test('a run that does not end in time is named, and nothing starts beside it', async () => {
    const service = await created();
    service.endsAfter = 1000;
    await expect(handleEvent(resource('Update', 'a', 'a'), job('two'), service)).rejects.toThrow(
      'run r1 is CANCELLING: not ended yet; deploy again',
    );
    expect(service.all).toHaveLength(1);
  });

  test('a refused cancellation keeps no other run alive, and the next deployment ends what is left', async () => {
    const service = new Service();
    service.add('a', 'RUNNING', 'x');
    service.add('a', 'RUNNING', 'y');
    service.failing = ['r1'];
    await expect(handleEvent(resource('Create'), job(), service)).rejects.toThrow('cannot cancel r1');
    expect(service.all.map(({ state }) => state)).toEqual(['RUNNING', 'CANCELLING']);
    service.failing = [];
    await handleEvent(resource('Create'), job(), service);
    expect(service.alive()).toEqual(['r3']);
  });

  test('a refused start is not swallowed, and the next event tries again', async () => {
    const service = await created();
    service.set('r1', 'FAILED');
    service.failing = ['start'];
    await expect(handleEvent(KEEP, job(), service)).rejects.toThrow('ServiceQuotaExceeded');
    expect(service.counted).toEqual([]);
    service.failing = [];
    await handleEvent(KEEP, job(), service);
    expect(service.alive()).toEqual(['r2']);
  });

  test('an event of neither kind is refused', async () => {
    const event = { RequestType: 'Repair', ResourceProperties: { ApplicationId: 'a' } } as unknown as ResourceEvent;
    await expect(handleEvent(event, job(), new Service())).rejects.toThrow('an event is Create, Update or Delete');
  });
});

describe('over random histories', () => {
  const run = fc.record({
    applicationId: fc.constantFrom('a', 'b'),
    state: fc.constantFrom('SUBMITTED', 'QUEUED', 'RUNNING', 'CANCELLING', 'CANCELLED', 'FAILED', 'SUCCESS'),
    hash: fc.constantFrom(undefined, 'x', 'y'),
  });
  const histories = fc
    .array(run, { maxLength: 6 })
    .map((all) => all.map((one, index): Run => ({ ...one, id: `r${index}`, startedAt: index })));
  const alive = (all: readonly Run[]) => all.filter(({ state }) => !['CANCELLED', 'FAILED', 'SUCCESS'].includes(state));

  test('a run starts only where none is alive', () => {
    fc.assert(
      fc.property(histories, (all) => {
        const wanted = { applicationId: 'a', hash: 'x' };
        for (const step of [deploy(all, wanted), keep(all, wanted)]) {
          if (step.kind === 'start') expect(alive(all)).toEqual([]);
        }
      }),
      { numRuns: cases },
    );
  });

  test('a deployment ends with one run that is wanted, or with none', async () => {
    await fc.assert(
      fc.asyncProperty(histories, fc.boolean(), async (all, wants) => {
        const service = new Service();
        for (const { applicationId, state, hash } of all) service.add(applicationId, state, hash);
        service.mostAlive = 0;
        for (const one of service.all.filter(({ state }) => state === 'CANCELLING')) await service.runs.cancel(one);
        const event = wants ? resource('Update', 'a', 'b') : resource('Delete', 'a');
        await handleEvent(event, job(), service);
        const left = alive(service.all).filter(({ applicationId }) => wants || applicationId === 'a');
        expect(left.map(({ hash }) => hash)).toEqual(wants ? [hashOf('one')] : []);
      }),
      { numRuns: cases },
    );
  });
});

describe('the calls to Amazon EMR Serverless', () => {
  // biome-ignore lint/suspicious/noExplicitAny: commands of the SDK by name
  type Answers = Readonly<Record<string, (input: any) => unknown>>;
  const made = (answers: Answers) => {
    const sent: [string, object][] = [];
    const client = {
      // biome-ignore lint/suspicious/noExplicitAny: commands of the SDK
      send: async (command: any) => {
        const name = command.constructor.name.replace('Command', '');
        sent.push([name, command.input]);
        return answers[name](command.input);
      },
    } as unknown as EMRServerlessClient;
    return { sent, runs: new EmrRuns({ client, graceSeconds: 180, tags: { 'backpressure:etl': 'it' } }) };
  };
  const at = (second: number) => new Date(second * 1000);
  const notThere = () => {
    throw new ResourceNotFoundException({ message: 'no', $metadata: {} });
  };

  test('all pages are read, and tags of the runs that decide something', async () => {
    const { sent, runs } = made({
      ListJobRuns: ({ nextToken }) =>
        nextToken === undefined
          ? { jobRuns: [{ id: 'r3', state: 'RUNNING', createdAt: at(3) }], nextToken: 'more' }
          : { jobRuns: [{ id: 'r1', state: 'FAILED', createdAt: at(1) }] },
      GetJobRun: ({ jobRunId }) => ({
        jobRun: { state: 'CANCELLING', tags: { 'backpressure:run': `of ${jobRunId}` } },
      }),
    });
    expect(await runs.list('a')).toEqual([
      { applicationId: 'a', id: 'r3', state: 'CANCELLING', hash: 'of r3', startedAt: 3000 },
      { applicationId: 'a', id: 'r1', state: 'FAILED', startedAt: 1000 },
    ]);
    expect(sent.map(([name]) => name)).toEqual(['ListJobRuns', 'ListJobRuns', 'GetJobRun']);
  });

  test("another one's run is seen, without what it was started with", async () => {
    const { runs } = made({
      ListJobRuns: () => ({ jobRuns: [{ id: 'r1', state: 'RUNNING', createdAt: at(1) }] }),
      GetJobRun: () => {
        throw Object.assign(new Error('no'), { name: 'AccessDeniedException' });
      },
    });
    expect(await runs.list('a')).toEqual([{ applicationId: 'a', id: 'r1', state: 'RUNNING', startedAt: 1000 }]);
  });

  test('a start names mode, token and tags, and takes the rest from the request', async () => {
    const { sent, runs } = made({ StartJobRun: () => ({ jobRunId: 'r1' }) });
    const request = JSON.stringify({ executionRoleArn: 'role', name: 'views' });
    expect(await runs.start({ applicationId: 'a', hash: 'h' }, request, 'token')).toBe('r1');
    expect(sent).toEqual([
      [
        'StartJobRun',
        {
          executionRoleArn: 'role',
          name: 'views',
          applicationId: 'a',
          clientToken: 'token',
          mode: 'STREAMING',
          tags: { 'backpressure:etl': 'it', 'backpressure:run': 'h' },
        },
      ],
    ]);
  });

  test('a run is cancelled with time for its batch; one that has just ended is no error', async () => {
    const run = { applicationId: 'a', id: 'r1', state: 'RUNNING', startedAt: 1 };
    const { sent, runs } = made({ CancelJobRun: () => ({}) });
    await runs.cancel(run);
    expect(sent).toEqual([['CancelJobRun', { applicationId: 'a', jobRunId: 'r1', shutdownGracePeriodInSeconds: 180 }]]);
    const over = () => {
      throw new ConflictException({ message: 'over', $metadata: {} });
    };
    await made({ CancelJobRun: over }).runs.cancel(run);
    await made({ CancelJobRun: notThere }).runs.cancel(run);
  });

  test('an application is stopped once, and is off when it is stopped or gone', async () => {
    const states = ['STARTED', 'STOPPING', 'STOPPED'];
    const { sent, runs } = made({
      GetApplication: () => ({ application: { state: states.shift() } }),
      StopApplication: () => ({}),
    });
    expect([await runs.stopApplication('a'), await runs.stopApplication('a'), await runs.stopApplication('a')]).toEqual(
      [true, true, false],
    );
    expect(sent.filter(([name]) => name === 'StopApplication')).toHaveLength(1);
    expect(await made({ GetApplication: notThere }).runs.stopApplication('a')).toBe(false);
    expect(await made({ ListJobRuns: notThere }).runs.list('a')).toEqual([]);
  });
});
