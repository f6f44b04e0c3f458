// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are CloudFormation's
/** The ways in which a job may be given a checkpoint that expires. */
import { type Edit, found } from '../../support/rule-examples';

const args =
  (...all: unknown[]): Edit =>
  (r) => {
    r.Counts.Properties.HadoopJarStep.Args = all;
  };
const glue =
  (name: string, value: unknown): Edit =>
  (r) => {
    r.Counts = { Type: 'AWS::Glue::Job', Properties: { DefaultArguments: { [name]: value } } };
  };
const named: Edit = (r) => {
  r.Lake.Properties.BucketName = 'lake';
};

test.each<[string, Edit]>([
  ['in one argument', args({ 'Fn::Sub': '--checkpoint=s3://${Lake}/counts' })],
  ['in two', args('--checkpoint-location', { 'Fn::Join': ['', ['s3a://', { Ref: 'Lake' }, '/counts']] })],
  ['as an argument of AWS Glue', glue('--checkpointLocation', { 'Fn::Sub': 's3://${Lake}/counts' })],
  ['at the top of the bucket', glue('--checkpoint', { 'Fn::Sub': 's3://${Lake}' })],
  [
    'in a bucket by its name',
    (r, body) => {
      named(r, body);
      glue('--checkpoint', 's3://lake/counts')(r, body);
    },
  ],
  [
    'below the prefix of the rule',
    (r) => {
      r.Lake.Properties.LifecycleConfiguration.Rules[0].Prefix = 'checkpoints/';
    },
  ],
])('%s', (claim, edit) => expect(found(['BP-EMR-001', claim, edit])).toBe(true));
