/** What is compared: the subjects of cases 4, 5, 7 and 9. */
export type WhenSubject = 'schedule' | 'rates' | 'merging' | 'streams';

/** Those that are compared on Kubernetes as well: the consumers of case 5 are a `QueueWorker` there, which has a row of its own. */
export type WhenSubjectK8s = Exclude<WhenSubject, 'streams'>;
