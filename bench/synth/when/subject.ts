/** What is compared: the subjects of cases 3, 4, 7 and 9. */
export type WhenSubject = 'schedule' | 'rates' | 'merging' | 'etl';
