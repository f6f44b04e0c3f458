/** The calls to Amazon EMR Serverless. */
import {
  CancelJobRunCommand,
  ConflictException,
  type EMRServerlessClient,
  GetApplicationCommand,
  GetJobRunCommand,
  ListJobRunsCommand,
  ResourceNotFoundException,
  StartJobRunCommand,
  type StartJobRunCommandInput,
  StopApplicationCommand,
} from '@aws-sdk/client-emr-serverless';
import { isOver, type Run, type Wanted } from './decide';
import type { Runs } from './keeper';

/** The tag of a run that says what it was started with. */
const HASH_TAG = 'backpressure:run';
/** Amazon EMR Serverless API reference, Application, state: those in which it takes no call to stop. */
const OFF = ['CREATED', 'STOPPED', 'TERMINATED'];

/** What it needs beside the client. */
export interface EmrSettings {
  readonly client: Pick<EMRServerlessClient, 'send'>;
  /** Seconds that a run which is cancelled has for its batch. */
  readonly graceSeconds: number;
  /** Tags of the runs, by which the permissions of the function go. */
  readonly tags: Readonly<Record<string, string>>;
}

/** The runs of applications on Amazon EMR Serverless. */
export class EmrRuns implements Runs {
  constructor(private readonly settings: EmrSettings) {}

  public async list(applicationId: string): Promise<Run[]> {
    const { client } = this.settings;
    const found: Run[] = [];
    try {
      let nextToken: string | undefined;
      do {
        const page = await client.send(new ListJobRunsCommand({ applicationId, nextToken }));
        for (const { id, state, createdAt } of page.jobRuns ?? []) {
          found.push({ applicationId, id: id!, state: state!, startedAt: createdAt!.getTime() });
        }
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
      // Tags come only with a run by itself. Those that ended long ago decide nothing.
      const last = Math.max(...found.map(({ startedAt }) => startedAt));
      return await Promise.all(
        found.map(async (run) => {
          if (isOver(run) && run.startedAt < last) return run;
          return { ...run, ...(await this.#details(run)) };
        }),
      );
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return [];
      throw error;
    }
  }

  /** A run of another one has no tag of ours, and no permission goes by it. */
  async #details({ applicationId, id: jobRunId }: Run): Promise<Partial<Run>> {
    try {
      const { jobRun } = await this.settings.client.send(new GetJobRunCommand({ applicationId, jobRunId }));
      return { ...(jobRun?.state !== undefined && { state: jobRun.state }), hash: jobRun?.tags?.[HASH_TAG] };
    } catch (error) {
      if ((error as Error).name === 'AccessDeniedException') return {};
      throw error;
    }
  }

  public async start({ applicationId, hash }: Wanted, request: string, clientToken: string): Promise<string> {
    const { client, tags } = this.settings;
    const { jobRunId } = await client.send(
      new StartJobRunCommand({
        ...(JSON.parse(request) as StartJobRunCommandInput),
        applicationId,
        clientToken,
        mode: 'STREAMING',
        tags: { ...tags, [HASH_TAG]: hash },
      }),
    );
    return jobRunId as string;
  }

  public async cancel({ applicationId, id: jobRunId }: Run): Promise<void> {
    const { client, graceSeconds } = this.settings;
    try {
      await client.send(
        new CancelJobRunCommand({ applicationId, jobRunId, shutdownGracePeriodInSeconds: graceSeconds }),
      );
    } catch (error) {
      // It ended meanwhile; the next look sees that.
      if (!(error instanceof ResourceNotFoundException || error instanceof ConflictException)) throw error;
    }
  }

  public async stopApplication(applicationId: string): Promise<boolean> {
    const { client } = this.settings;
    try {
      const { application } = await client.send(new GetApplicationCommand({ applicationId }));
      if (application === undefined || OFF.includes(application.state ?? '')) return false;
      if (application.state === 'STARTED') await client.send(new StopApplicationCommand({ applicationId }));
      return true;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return false;
      throw error;
    }
  }
}
