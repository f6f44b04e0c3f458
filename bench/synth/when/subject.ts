/** What is compared: the subjects of cases 4, 5, 7 and 9. */
export type WhenSubject = 'schedule' | 'rates' | 'merging' | 'streams';
