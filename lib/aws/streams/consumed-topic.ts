/**
 * A consumer group on a topic of Amazon MSK.
 */
export interface ConsumedTopic {
  /**
   * ARN of the cluster.
   */
  readonly clusterArn: string;

  /**
   * Name of the topic.
   */
  readonly topicName: string;

  /**
   * Name of the group. With a colon in it Amazon MSK publishes no lag.
   */
  readonly consumerGroup: string;
}
