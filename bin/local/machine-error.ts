const WAYS_OUT =
  'Ways out: point AWS_ENDPOINT_URL at an emulator that is already running, or deploy to a real account with `npx cdk deploy`.';

/** A problem of the machine, not of the project. One sentence and the ways out. */
export class MachineError extends Error {
  public override readonly name = 'MachineError';
  constructor(sentence: string, waysOut: string = WAYS_OUT) {
    super(`${sentence}\n${waysOut}`);
  }
}
