/**
 * The delivery stream of `LogShipping` on the local AWS, with the properties of its template: every line that it takes is in the
 * archive once, below the key that Athena's partitions read. The emulator collects nothing and compresses nothing: how large objects
 * become is not judged here, and Fluent Bit, which sends the lines, cannot be had.
 */
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { LogShipping } from '../../lib/aws/logs/log-shipping';
import { TASK_LOGS } from '../../lib/cases/case-01-log-flood';
import type { Untyped } from '../support/stack';
import { LOCAL_AWS, type LocalAws, localAwsMissing, startLocalAws } from './local-aws';

const missing = localAwsMissing();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const BUCKET = 'archive';
const STREAM = 'logs';
/** Amazon Data Firehose API reference, PutRecordBatch: records of one call at most. */
const MOST_RECORDS = 500;
const LINES = 1200;
const lines = Array.from({ length: LINES }, (_, n) => JSON.stringify({ n, log: `GET /orders/${n}`, level: 'info' }));

/** The destination as the template has it; the bucket has a name here in place of a reference. */
function destination(): Untyped {
  const stack = new Stack(new App(), 'Shop');
  new LogShipping(stack, 'Logs', { ...TASK_LOGS, service: 'orders' });
  const [{ Properties }] = Object.values<Untyped>(
    Template.fromStack(stack).findResources('AWS::KinesisFirehose::DeliveryStream'),
  );
  const { CloudWatchLoggingOptions: _, ...rest } = Properties.ExtendedS3DestinationConfiguration;
  return { ...rest, BucketARN: `arn:aws:s3:::${BUCKET}`, RoleARN: 'arn:aws:iam::000000000000:role/writer' };
}

suite('the delivery stream on a local AWS', () => {
  let aws: LocalAws;
  let s3: S3Client;

  beforeAll(async () => {
    aws = await startLocalAws();
    s3 = new S3Client({ ...aws.client, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
    await firehose('CreateDeliveryStream', {
      DeliveryStreamName: STREAM,
      DeliveryStreamType: 'DirectPut',
      ExtendedS3DestinationConfiguration: destination(),
    });
  }, 90_000);

  afterAll(async () => {
    s3?.destroy();
    await aws?.stop();
  });

  /** Firehose by its JSON protocol: the library has no client of it. */
  async function firehose(action: string, input: object): Promise<Record<string, unknown>> {
    const response = await fetch(aws.client.endpoint, {
      method: 'POST',
      body: JSON.stringify(input),
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Firehose_20150804.${action}`,
        authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${LOCAL_AWS.region}/firehose/aws4_request, SignedHeaders=host, Signature=0`,
      },
    });
    if (!response.ok) throw new Error(`${action}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  }

  test('each line that it took is in the archive once, below service and date', async () => {
    for (let first = 0; first < LINES; first += MOST_RECORDS) {
      // As Fluent Bit sends them: a line each, with its end.
      const Records = lines
        .slice(first, first + MOST_RECORDS)
        .map((line) => ({ Data: Buffer.from(`${line}\n`).toString('base64') }));
      const answer = await firehose('PutRecordBatch', { DeliveryStreamName: STREAM, Records });
      expect(answer.FailedPutCount).toBe(0);
    }
    const keys: string[] = [];
    for (let more: string | undefined, over = false; !over; over = more === undefined) {
      const page = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, ContinuationToken: more }));
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key!));
      more = page.NextContinuationToken;
    }
    expect(keys.filter((key) => !/^service=orders\/date=\d{4}-\d\d-\d\d\/[^/]+$/.test(key))).toEqual([]);
    const stored: string[] = [];
    for (const Key of keys) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      stored.push(...(await Body!.transformToString()).split('\n').filter(Boolean));
    }
    expect(stored.sort()).toEqual([...lines].sort());
  }, 120_000);
});
