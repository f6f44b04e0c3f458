/** The function that keeps one run of a streaming job: the decisions wired to Amazon EMR Serverless. */
import { setTimeout } from 'node:timers/promises';
import { EMRServerlessClient } from '@aws-sdk/client-emr-serverless';
import { countMetric } from '../metrics';
import { numberSetting, setting } from '../settings';
import { EmrRuns } from './emr-runs';
import { type Answer, handleEvent, type KeepEvent, type ResourceEvent } from './keeper';

const runs = new EmrRuns({
  client: new EMRServerlessClient({
    requestHandler: { connectionTimeout: 1000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  }),
  graceSeconds: numberSetting('GRACE_SECONDS'),
  tags: JSON.parse(setting('TAGS')) as Record<string, string>,
});

export async function handler(
  event: ResourceEvent | KeepEvent,
  context: { getRemainingTimeInMillis(): number },
): Promise<Answer> {
  return handleEvent(
    event,
    {
      applicationId: setting('APPLICATION_ID'),
      request: setting('RUN'),
      pollSeconds: numberSetting('POLL_SECONDS'),
    },
    {
      runs,
      restarted: (run) => countMetric('RunsRestarted', {}, { run }),
      sleep: async (seconds) => {
        await setTimeout(seconds * 1000);
      },
      secondsLeft: () => context.getRemainingTimeInMillis() / 1000,
    },
  );
}
