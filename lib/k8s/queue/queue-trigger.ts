import { type CustomTriggerProps, customTrigger } from './custom-trigger';
import { type KafkaTriggerProps, kafkaTrigger } from './kafka-trigger';
import { type RabbitMqTriggerProps, rabbitMqTrigger } from './rabbitmq-trigger';
import { type RedisStreamTriggerProps, redisStreamTrigger } from './redis-stream-trigger';
import { type SqsTriggerProps, sqsTrigger } from './sqs-trigger';
import type { Trigger } from './trigger';

/**
 * Where the work waits. Pick one of the four, or describe another one.
 */
export class QueueTrigger {
  /** A RabbitMQ quorum queue; it is declared, with its dead-letter queue and its policy, unless it exists already. */
  public static rabbitMq(props: RabbitMqTriggerProps): QueueTrigger {
    return new QueueTrigger(rabbitMqTrigger(props));
  }

  /** An existing SQS queue. */
  public static sqs(props: SqsTriggerProps): QueueTrigger {
    return new QueueTrigger(sqsTrigger(props));
  }

  /** A consumer group of a Redis stream. */
  public static redisStream(props: RedisStreamTriggerProps): QueueTrigger {
    return new QueueTrigger(redisStreamTrigger(props));
  }

  /** A consumer group of a Kafka topic; never more replicas than partitions. */
  public static kafka(props: KafkaTriggerProps): QueueTrigger {
    return new QueueTrigger(kafkaTrigger(props));
  }

  /**
   * Any other queue that KEDA has a scaler for. A class of your own can wrap it:
   * `class ServiceBus { static queue(name: string) { return QueueTrigger.custom({ … }); } }`.
   */
  public static custom(props: CustomTriggerProps): QueueTrigger {
    return new QueueTrigger(customTrigger(props));
  }

  /** @internal */
  private constructor(
    /** @internal */
    public readonly _trigger: Trigger,
  ) {}
}
