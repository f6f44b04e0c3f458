/** What is compared: every subject but queues, which `synth` measures. */
export type WhenSubject =
  | 'schedule'
  | 'rates'
  | 'merging'
  | 'jvm'
  | 'compaction'
  | 'streams'
  | 'etl'
  | 'services'
  | 'replication';
