/**
 * The guard of a source in a container on AWS: it leaves its signal in a table, answers writers of the same network by HTTP as
 * well, and writes metrics into its log. Environment: that of replica-guard/environment.ts, and TABLE.
 */
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { guardUntilStopped, log, start } from '../replica-guard/container';
import { serversOf, settingsOfGuard } from '../replica-guard/environment';
import { Guard } from '../replica-guard/guard';
import { Writers } from '../replica-guard/writers';
import { numberSetting, setting } from '../settings';
import { metricLine } from './metric-line';
import { SignalTable, Superseded } from './store';

async function main(): Promise<void> {
  const { source, replicas } = serversOf();
  const forgottenMillis = 1000 * numberSetting('WRITER_FORGOTTEN_SECONDS');
  const name = setting('GUARD');
  const byHttp = new Writers(forgottenMillis);
  const timeout = 1000 * numberSetting('READ_TIMEOUT_SECONDS');
  const client = new DynamoDB({
    maxAttempts: 1,
    requestHandler: { requestTimeout: timeout, connectionTimeout: timeout },
  });
  const table = new SignalTable(client, setting('TABLE'), name, Date.now(), forgottenMillis);
  const guard: Guard = new Guard(settingsOfGuard(), {
    source,
    replicas,
    writers: async (now) => byHttp.count(now) + (await table.writers(now)),
    publish: async (signal) => {
      console.log(metricLine(name, guard.view));
      try {
        await table.publish(signal);
      } catch (error) {
        if (error instanceof Superseded) throw error;
        // Writers notice by the age of the last one.
        log('the signal could not be left', { error: error instanceof Error ? error.name : 'unknown' });
      }
    },
    now: Date.now,
    log,
  });
  await guardUntilStopped(guard, byHttp, [source, ...replicas]);
}

start(main);
