/** What is sent to the brokers: until when, and how much together. */
import { ATTRIBUTES } from '../../../lib/runtime/webhook-receiver/contract';
import { type KafkaPublisher, kafkaPublisher } from '../../../lib/runtime/webhook-receiver-kafka/publisher';

/** The messages of each request to the brokers. */
const mockSent: object[][] = [];

jest.mock('../../../lib/runtime/stream-worker/client', () => ({ loadClient: async () => ({}) }));
jest.mock('../../../lib/runtime/webhook-receiver-kafka/replaced-producer', () => ({
  ReplacedProducer: class {
    public async send({ messages }: { messages: object[] }): Promise<void> {
      mockSent.push(messages);
    }
  },
}));

const SETTINGS = { TOPIC: 'hooks', PUBLISH_TIMEOUT_SECONDS: '8', MAX_BODY_BYTES: '1000' };
const { env } = process;
let published: number[];

beforeEach(() => {
  mockSent.length = 0;
  published = [];
});
afterEach(() => {
  process.env = env;
});

const publisherOf = (settings: Record<string, string> = {}): Promise<KafkaPublisher> => {
  process.env = { ...env, ...SETTINGS, ...settings };
  return kafkaPublisher((seconds) => published.push(seconds));
};
const message = (bytes: number) => ({
  data: Buffer.alloc(bytes),
  attributes: { [ATTRIBUTES.idempotencyKey]: 'k'.repeat(64) },
});
const sizes = () => mockSent.map((messages) => messages.length);

test('a delivery whose body took all of the patience of its sender is not sent', async () => {
  const { publish } = await publisherOf();
  await expect(publish(message(10), performance.now() - 8000)).rejects.toThrow();
  expect(mockSent).toEqual([]);
  await publish(message(10), performance.now());
  expect([sizes(), published.length]).toEqual([[1], 2]);
});

describe('twenty deliveries at once, of 1,000 bytes each', () => {
  const flood = async ({ publish }: KafkaPublisher) => {
    await Promise.all(Array.from({ length: 20 }, () => publish(message(1000), performance.now())));
    return sizes();
  };

  test('go together where the topic takes as many bytes', async () => {
    expect(await flood(await publisherOf({ BATCH_BYTES: '1048588' }))).toEqual([20]);
  });

  test('go by what a topic has to take for the largest body, where nothing else is said', async () => {
    // 9,192 bytes, of which each takes 1,219: its value, its key as key and as header, and 64.
    expect(await flood(await publisherOf())).toEqual([7, 7, 6]);
  });
});
