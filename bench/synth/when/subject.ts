/** What is compared: the subjects of cases 4, 7, 9 and 10. */
export type WhenSubject = 'schedule' | 'rates' | 'merging' | 'jvm';
