/** Limits of Kafka that plans have to know: quotas that let the largest batch through, and how long a record is really kept. */
import { planEtl } from '../../lib/flow/etl/plan';
import { keptKnob, MESSAGE_BYTES, segmentKnob } from '../../lib/flow/kafka';
import { planStream } from '../../lib/flow/streams/plan';
import { planWebhooks } from '../../lib/flow/webhooks/plan';

const DAY = 86_400;

/**
 * Whether a broker hands a batch over, by ClientQuotaManager: the bytes of the last ten whole windows of a second, this answer's
 * among them, over ten seconds must not be above the quota. An answer that is throttled is emptied and not counted, so that
 * the next one is judged the same.
 */
const isHandedOver = (batchBytes: number, quota: number, window: number) => batchBytes / window <= quota;

describe('a reader of little gets the largest batch that its topic takes, and one that is four times as large does not', () => {
  const quiet = { steadyPerSecond: 1 };
  const quotas: [string, number, number][] = [
    [
      'a stream of one small record a second',
      planStream('Stream', {
        workload: { ...quiet, recordSeconds: 0.1, recordBytes: 1524 },
        objective: { latencySeconds: 60 },
      }).value('consumerByteRate'),
      MESSAGE_BYTES,
    ],
    [
      'a topic that takes 5 MB',
      planStream('Stream', {
        workload: { ...quiet, recordSeconds: 0.1, recordBytes: 1524 },
        objective: { latencySeconds: 60 },
        maxMessageBytes: 5e6,
      }).value('consumerByteRate'),
      5e6,
    ],
    [
      'webhooks',
      planWebhooks('Hooks', {
        workload: { ...quiet, serviceSeconds: 0.1 },
        objective: { latencySeconds: 60 },
      }).value('consumerByteRate'),
      MESSAGE_BYTES,
    ],
    [
      'a stream of Spark whose cores take little',
      planEtl('Etl', {
        platform: 'spark-operator',
        workload: { ...quiet, recordBytes: 200, coreSecondsPerRecord: 0.02 },
        objective: { freshnessSeconds: 120 },
      }).value('consumerByteRate'),
      MESSAGE_BYTES,
    ],
  ];
  test.each(quotas)('%s: %d bytes/s', (_, quota, largest) => {
    expect(isHandedOver(largest, quota, 10)).toBe(true);
    expect(isHandedOver(4.01 * largest, quota, 10)).toBe(false);
  });
});

test('a reader of much has what it reads', () => {
  const { value, inputs } = planStream('Stream', {
    workload: { steadyPerSecond: 2000, recordSeconds: 0.001, recordBytes: 1000 },
    objective: { latencySeconds: 60 },
    instances: 3,
    batchSize: 1,
  }).knob('consumerByteRate');
  // 2 × 3 consumers × 1,000 bytes ÷ 1 ms.
  expect([value, inputs.windowSeconds]).toEqual([6e6, 10]);
});

describe('a record is kept beyond the retention, as a segment is deleted by its latest one', () => {
  test.each<[string, number, boolean, number]>([
    ['a week: 16.8 h more', 7 * DAY, false, 60_480],
    ['an hour: another one', 3600, false, 3600],
    ['on a topic that is there: the week of Kafka', 7 * DAY, true, 7 * DAY],
  ])('%s', (_, retention, existing, segment) => {
    const { value } = segmentKnob(retention, existing);
    expect(value).toBe(segment);
    // The broker looks every five minutes, and deletes files a minute later.
    expect(keptKnob(retention, value).value).toBe(retention + segment + 360);
  });
});
