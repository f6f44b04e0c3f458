/** Everything that the fuzz is run on. */
import { AWS_SUBJECTS } from './aws';
import { GCP_SUBJECTS } from './gcp';
import { K8S_SUBJECTS } from './k8s';
import type { Subject } from './subject';

export const SUBJECTS: readonly Subject[] = [...AWS_SUBJECTS, ...K8S_SUBJECTS, ...GCP_SUBJECTS];
