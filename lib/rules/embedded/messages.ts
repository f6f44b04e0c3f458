import type { Document, EmbeddedText } from '../document';
import { matches, patternOf } from '../patterns';
import type { Rule } from '../rule';
import { embeddedRule } from './trap';

/** Rules about programs that consume messages: lost and forged messages. */
export const EMBEDDED_MESSAGE_RULES: readonly Rule[] = [
  embeddedRule({
    id: 'BP-RABBITMQ-003',
    title: 'A rejected message is discarded',
    why: 'Without a dead-letter exchange, a message rejected without requeueing is deleted. The failed order is lost.',
    source: 'RabbitMQ, Dead Letter Exchanges; Consumer Acknowledgements, "Negative acknowledgement"',
    severity: 'error',
    cases: [2],
    signs: [
      {
        pattern: /\bbasic_(nack|reject)\([^)]{0,500}requeue\s*=\s*False/,
        needs: /queue_declare\(/,
        excuse: /x-dead-letter-exchange|passive\s*=\s*True/,
        where: hasNoPolicy,
        message: (match) =>
          `basic_${match[1]} with requeue=False on a queue without x-dead-letter-exchange deletes the message`,
        fix: "declare the queue with arguments={'x-dead-letter-exchange': …, 'x-queue-type': 'quorum', 'x-delivery-limit': 5}",
      },
      {
        pattern: /\.(nack|reject)\(\s*\w+\s*,(?:\s*(?:true|false)\s*,)?\s*false\s*\)/,
        needs: /assertQueue\(/,
        excuse: /deadLetterExchange|x-dead-letter-exchange/,
        where: hasNoPolicy,
        message: (match) => `${match[1]} without requeueing on a queue without deadLetterExchange deletes the message`,
        fix: 'assert the queue with deadLetterExchange, as a quorum queue with a delivery limit',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-REDIS-001',
    title: 'A stream is read from its end again and again',
    why: '`$` is the end of the stream at the moment of the call. Entries added between two calls are before it, and are never read.',
    source: 'Redis, XREAD: "the special $ ID"; use it for the first call only',
    severity: 'error',
    cases: [9],
    signs: [
      {
        pattern:
          /\bxread\([^)\n]{0,500}["']\$["']|\bXREAD\b[^\n]{0,200}\bSTREAMS\b[^\n]{0,200}\s["']?\$["']?(?=[\s;&|)]|$)/im,
        needs: /\b(?:while|for|until)\b/,
        message: () => 'reads from $ in a loop: entries added between two reads are lost',
        fix: 'read with a consumer group (XREADGROUP and XACK), or from the last id that was read',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-REDIS-002',
    title: 'A deduplication key is set before the work is done',
    why: 'The key is set before the work is done. After a crash in between, every later delivery counts as a duplicate: the event is lost, and the key never expires.',
    source: 'Redis, SET: NX with EX or PX; AWS Lambda Powertools, Idempotency: in-progress records expire',
    severity: 'error',
    cases: [15],
    signs: [
      {
        pattern:
          /\bsetnx\(|\.set\((?=[^\n]{0,500}\bnx\s{0,9}=\s{0,9}True)(?![^\n]{0,500}\b(?:ex|px|exat|pxat)\s{0,9}=)[^\n]{0,500}\)/i,
        excuse: /\.p?expire(?:at)?\(|\bdelete\(|\.del\(/i,
        message: () =>
          'a key is set if it is not there, without expiry and before the work: a crash in between loses the event',
        fix: 'set it with NX and EX as "in progress" for as long as the work may take, and as "done" with the effect',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-WEBHOOK-001',
    title: 'A webhook accepts unsigned calls',
    why: 'Any caller who knows the address can send events, or flood it, and a recorded request can be replayed a year later.',
    source: 'GitHub, Validating webhook deliveries; Stripe, Verify webhook signatures: signature and timestamp',
    severity: 'warning',
    cases: [15],
    signs: [
      {
        pattern: /(?:@\w+\.(?:post|route)|\b(?:app|router|server)\.post)\(\s*["'][^"'\n]*webhook[^"'\n]*["']/i,
        excuse: /hmac|signature|verify|compare_digest|timingSafeEqual|authoriz/i,
        message: () => 'accepts a webhook and never checks a signature',
        fix: 'check an HMAC over body and timestamp in constant time, and refuse deliveries older than a few minutes, before they are queued',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-WEBHOOK-002',
    title: 'The answer is sent before the broker has the message',
    why: 'The client only puts the message into its buffer. A broker that refuses it, or a pod that ends before the buffer is sent, loses an event whose sender was told that it is stored and does not retry.',
    source:
      'KafkaProducer.send of kafka-python and publish of Google Cloud Pub/Sub return a future, Producer.produce of confluent-kafka fills a buffer, producer.send of kafkajs returns a promise',
    severity: 'warning',
    cases: [15],
    signs: [
      {
        pattern:
          /^[ \t]*(?:self\.)?((?:producer|publisher)\.(?:send|produce|publish))\((?![^\n]{0,300}\)\.get\([^)\n]{0,30}\)[ \t]*$)[^\n]{0,300}\)[ \t]*\n\s{0,200}return[ \t][^\n]{0,200}\b20[024]\b/m,
        needs: /\bKafkaProducer\(|\bconfluent_kafka\b|\bPublisherClient\(/,
        excuse: /\.flush\(|\.result\(|\.poll\(|on_delivery|add_callback|add_done_callback|\.get\(timeout/,
        message: (match) => `${match[1]} is not waited for, and the next line answers that the message is stored`,
        fix: 'wait for the future for less than the time-out of the sender, and answer 503 with Retry-After when it fails',
      },
      {
        pattern:
          /^[ \t]*(?:void )?(?:this\.)?(producer\.send)\((?:[^;()]|\((?:[^;()]|\([^;()]{0,100}\)){0,200}\)){0,300}\);?[ \t]*\n\s{0,200}(?:return )?\w{1,40}\.(?:sendStatus\(\s*|status\(\s*|writeHead\(\s*)20[024]\b/m,
        needs: /\bnew Kafka\(/,
        message: (match) => `${match[1]} is not awaited, and the next line answers that the message is stored`,
        fix: 'await it with acks -1 for less than the time-out of the sender, and answer 503 with Retry-After when it fails',
      },
    ],
  }),
];

/** Whether no policy among the manifests gives the queues of a program a dead-letter exchange. */
function hasNoPolicy({ text }: EmbeddedText, document: Document): boolean {
  const queue = /(?:queue_declare|assertQueue)\(\s*(?:queue\s*=\s*)?["']([^"']+)["']/.exec(text)?.[1];
  return !document.ofType('rabbitmq.com/Policy', 'rabbitmq.com/OperatorPolicy').some((policy) => {
    if (policy.at('spec', 'definition', 'dead-letter-exchange').absent) return false;
    const text = policy.at('spec', 'pattern').text();
    const pattern = text === undefined ? undefined : patternOf(text);
    return pattern === undefined || queue === undefined || matches(pattern, queue);
  });
}
