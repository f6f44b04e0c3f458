import { CfnResource, Stack, Validations } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import { nagFindings, rawNagFindings } from '../support/nag';
import { REFERENCE_NAMES, reference, referenceApp } from '../support/reference';

interface Acknowledgement {
  readonly at: IConstruct;
  readonly id: string;
  readonly reason: string;
}

/** Everything that somebody acknowledged, in a library construct or in the stack. */
function acknowledgements(stack: Stack): Acknowledgement[] {
  return stack.node.findAll().flatMap((at) =>
    at.node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>))
      .map(([id, reason]) => ({ at, id: id.replace(/^annotation::/i, ''), reason })),
  );
}

describe.each(REFERENCE_NAMES)('%s', (name) => {
  const stack = reference(name);
  const raw = rawNagFindings(stack);
  const all = acknowledgements(stack);
  const known = all.filter(({ id }) => id.startsWith('AwsSolutions-'));

  test('AwsSolutions finds nothing, neither error nor warning', () => {
    expect(nagFindings(stack)).toEqual([]);
  });

  test('each finding that is accepted is acknowledged on one resource, with the reason', () => {
    for (const { at, id, reason } of known) {
      const { path } = at.node;
      expect(reason).toMatch(/\.$/);
      // One finding on one resource: more would be a blanket, none would be left over from something mended.
      expect(raw.filter((one) => one.rule === id && `${one.path}/`.startsWith(`${path}/`))).toHaveLength(1);
    }
  });

  test('every acknowledgement names one finding of a judge, and says why', () => {
    for (const { id, reason } of all) {
      expect(id).toMatch(/^(AwsSolutions-[A-Z]+\d+(\[.+\])?|CloudFormation-Validate::[A-Z]\d{4}|Backpressure::.+)$/);
      expect(reason.length).toBeGreaterThan(40);
    }
  });

  test('no finding is acknowledged twice, and none for a whole stack', () => {
    expect(known).toHaveLength(raw.length);
    expect(all.filter(({ at }) => Stack.isStack(at)).map(({ id }) => id)).toEqual([]);
  });
});

describe('the judge', () => {
  function fixture(): Stack {
    const stack = new Stack(referenceApp(), 'Fixture');
    new Topic(stack, 'Open');
    new Queue(stack, 'Plain');
    return stack;
  }

  test('sees what is wrong', () => {
    expect(nagFindings(fixture())).toEqual(
      expect.arrayContaining([
        { rule: 'AwsSolutions-SNS3', path: 'Fixture/Open/Resource' },
        { rule: 'AwsSolutions-SQS3', path: 'Fixture/Plain/Resource' },
        { rule: 'AwsSolutions-SQS4', path: 'Fixture/Plain/Resource' },
      ]),
    );
  });

  test('an acknowledgement silences one rule on one resource', () => {
    const stack = fixture();
    const resource = stack.node.findChild('Plain').node.defaultChild as CfnResource;
    Validations.of(resource).acknowledge({ id: 'AwsSolutions-SQS3', reason: 'Nothing consumes it.' });
    const rules = nagFindings(stack).map(({ rule }) => rule);
    expect(rules).not.toContain('AwsSolutions-SQS3');
    expect(rules).toEqual(expect.arrayContaining(['AwsSolutions-SQS4', 'AwsSolutions-SNS3']));
    expect(acknowledgements(stack)).toMatchObject([{ id: 'AwsSolutions-SQS3', reason: 'Nothing consumes it.' }]);
  });
});
