/** The reference environments as a user synthesizes them: with the context of cdk.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, type AppProps, type Stack } from 'aws-cdk-lib';
import { REFERENCE_STACKS } from '../../stacks/reference';

export const ROOT = join(__dirname, '..', '..');

/** Names of all reference stacks, for `test.each`. */
export const REFERENCE_NAMES = Object.keys(REFERENCE_STACKS);

/** The context that `cdk synth` gives to an app. */
export function cdkContext(): Record<string, unknown> {
  return (JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> }).context;
}

/** An app with that context. */
export function referenceApp(props: AppProps = {}): App {
  return new App({ ...props, context: { ...cdkContext(), ...props.context } });
}

/** One reference stack in an app of its own. */
export function reference(name: string, app = referenceApp()): Stack {
  return new REFERENCE_STACKS[name](app, name);
}
