/** The engine that a construct is made for. */
export type Engine = 'aws' | 'k8s' | 'gcp';
