/** What is compared: the subjects of cases 4, 7, 9 and 17. */
export type WhenSubject = 'schedule' | 'rates' | 'merging' | 'compaction';
