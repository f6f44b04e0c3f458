import { duration } from '../../flow/figures';
import type { Resource } from '../document';
import type { Rule } from '../rule';
import { serviceOf } from './read/functions';
import { streamRetentionSeconds } from './read/retention';
import type { Template } from './read/template';

/** The parameters of a pipe by the service of its source. */
const PARAMETERS: Readonly<Record<string, string>> = {
  kinesis: 'KinesisStreamParameters',
  dynamodb: 'DynamoDBStreamParameters',
};

/** Rules about EventBridge Pipes. */
export const PIPE_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-PIPES-001',
    title: 'One record that always fails blocks its shard of a pipe',
    why: 'Without a bound the pipe retries a failing batch until its records expire in the stream. Meanwhile the records behind it are not read, and they expire as well.',
    source:
      'Amazon EventBridge API Reference, PipeSourceKinesisStreamParameters: MaximumRetryAttempts and MaximumRecordAgeInSeconds, both -1 (infinite) by default',
    severity: 'error',
    cases: [5, 14],
    *check(template) {
      for (const pipe of template.ofType('AWS::Pipes::Pipe')) {
        const source = pipe.at('Properties', 'Source');
        const service = serviceOf(template, source) ?? '';
        const name = Object.hasOwn(PARAMETERS, service) ? PARAMETERS[service] : undefined;
        if (name === undefined || isStopped(pipe)) continue;
        const parameters = pipe.at('Properties', 'SourceParameters', name);
        const retries = parameters.at('MaximumRetryAttempts');
        if (retries.number(-1) !== -1 || parameters.at('MaximumRecordAgeInSeconds').number(-1) !== -1) continue;
        const seconds = streamRetentionSeconds(template, source);
        yield {
          at: retries,
          message: `neither MaximumRetryAttempts nor MaximumRecordAgeInSeconds bounds the retries: one failed record blocks its shard ${seconds === undefined ? '' : `for ${duration(seconds)}, `}until the stream deletes it`,
          fix: 'set MaximumRetryAttempts, for example to 5, with OnPartialBatchItemFailure: AUTOMATIC_BISECT and a DeadLetterConfig that keeps failed records',
        };
      }
    },
  },
  {
    id: 'BP-PIPES-002',
    title: 'Records that a pipe gives up are lost',
    why: 'When its retries are used up or a record is too old, the pipe goes on to the next one. Without a dead-letter queue nothing keeps what it gave up, and no alarm can see it.',
    source:
      'Amazon EventBridge API Reference, PipeSourceKinesisStreamParameters and PipeSourceDynamoDBStreamParameters: DeadLetterConfig',
    severity: 'warning',
    cases: [5, 14],
    *check(template) {
      for (const pipe of template.ofType('AWS::Pipes::Pipe')) {
        const service = serviceOf(template, pipe.at('Properties', 'Source')) ?? '';
        const name = Object.hasOwn(PARAMETERS, service) ? PARAMETERS[service] : undefined;
        if (name === undefined || isStopped(pipe)) continue;
        const parameters = pipe.at('Properties', 'SourceParameters', name);
        const keeps = parameters.at('DeadLetterConfig');
        const bound = ['MaximumRetryAttempts', 'MaximumRecordAgeInSeconds'].find(
          (key) => (parameters.at(key).number(-1) ?? -1) !== -1,
        );
        if (bound === undefined || !keeps.absent) continue;
        yield {
          at: keeps,
          message: `${bound} ${parameters.at(bound).text()} bounds the retries, and no DeadLetterConfig keeps what is given up`,
          fix: 'add a DeadLetterConfig with the ARN of a queue, and an alarm on that',
        };
      }
    },
  },
];

function isStopped(pipe: Resource): boolean {
  return pipe.at('Properties', 'DesiredState').text('RUNNING') !== 'RUNNING';
}
