/** What is compared: every subject but queues, which `synth` measures. */
export const WHEN_SUBJECTS = [
  'schedule',
  'rates',
  'merging',
  'jvm',
  'compaction',
  'streams',
  'etl',
  'services',
  'replication',
] as const;

/** One of them. */
export type WhenSubject = (typeof WHEN_SUBJECTS)[number];
