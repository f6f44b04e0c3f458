/**
 * The business logic of the reference environment "order intake": books every delivery once and archives what it
 * booked.
 */
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Context, SQSEvent } from 'aws-lambda';
import { type Delivery, type Effects, webhookConsumer } from '../webhook/consumer';

const LEDGER_TABLE = process.env.LEDGER_TABLE ?? '';
const ARCHIVE_BUCKET = process.env.ARCHIVE_BUCKET ?? '';
const ARCHIVE_SERVICE = process.env.ARCHIVE_SERVICE ?? '';
/** Simulates the call to the order system behind this worker. */
const DOWNSTREAM_MILLIS = 1000 * Number(process.env.DOWNSTREAM_SECONDS ?? 0);

const s3 = new S3Client({});

/** An order that no attempt can book. */
class InvalidOrderError extends Error {
  public override readonly name = 'InvalidOrderError';
}

async function book(delivery: Delivery, effects: Effects): Promise<void> {
  const order = orderIn(delivery.body);
  await wait(DOWNSTREAM_MILLIS);
  // The archive's key is a function of the delivery, so an attempt that dies after this line leaves no second object.
  await archive(delivery);
  effects.add({
    Update: {
      TableName: LEDGER_TABLE,
      Key: { deliveryId: { S: ledgerId(delivery) } },
      // ADD makes a second effect visible as 2; the idempotency key beside it is what keeps it at 1.
      UpdateExpression:
        'ADD effects :one SET receivedAt = :received, bookedAt = :booked, tenant = :tenant, quantity = :quantity',
      ExpressionAttributeValues: {
        ':one': { N: '1' },
        ':received': { N: String(delivery.receivedAtMillis) },
        ':booked': { N: String(Date.now()) },
        ':tenant': { S: delivery.claimedTenant },
        ':quantity': { N: String(order.quantity) },
      },
    },
  });
}

/** One entry for each delivery, as the buffer counts them. A JSON array, for an id may hold any separator. */
function ledgerId({ source, claimedTenant, id }: Delivery): string {
  return JSON.stringify([source, claimedTenant, id]);
}

function orderIn(body: string): { quantity: number } {
  const payload = JSON.parse(body) as { order?: { quantity?: unknown } };
  const quantity = payload.order?.quantity ?? 1;
  if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 1) {
    throw new InvalidOrderError('order.quantity must be a whole number, 1 or more');
  }
  return { quantity };
}

async function archive(delivery: Delivery): Promise<void> {
  const day = new Date(delivery.receivedAtMillis).toISOString().slice(0, 10);
  const name = createHash('sha256').update(ledgerId(delivery)).digest('hex').slice(0, 32);
  await s3.send(
    new PutObjectCommand({
      Bucket: ARCHIVE_BUCKET,
      Key: `service=${ARCHIVE_SERVICE}/date=${day}/${name}.json.gz`,
      Body: gzipSync(delivery.body),
      ContentType: 'application/json',
      ContentEncoding: 'gzip',
    }),
  );
}

const consume = webhookConsumer(book);

export const handler = (event: SQSEvent, context: Context) => consume(event, context);
