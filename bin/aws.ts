/** The CDK app with the AWS reference environments. `-c local=true` leaves out what the local emulator does not support. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { App, AspectPriority, Aspects } from 'aws-cdk-lib';
import { LocalProfile } from '../stacks/local-profile';
import { LOCAL_STACKS, localStack, REFERENCE_STACKS } from '../stacks/reference';

const app = new App();
const local = app.node.tryGetContext('local') === 'true';
if (local) for (const id of LOCAL_STACKS) localStack(app, id);
else for (const [id, ReferenceStack] of Object.entries(REFERENCE_STACKS)) new ReferenceStack(app, id);

if (local) {
  const profile = new LocalProfile();
  // Last, so that resources made by other aspects are seen too.
  Aspects.of(app).add(profile, { priority: AspectPriority.READONLY });
  app.synth();
  const list = app.node.tryGetContext('droppedFile') as string | undefined;
  if (list) {
    mkdirSync(dirname(list), { recursive: true });
    writeFileSync(list, JSON.stringify(profile.dropped, null, 2));
  }
}
