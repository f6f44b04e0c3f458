/** Everything that the fuzz is run on. */
import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { AWS_SUBJECTS } from './aws';
import { GCP_SUBJECTS } from './gcp';
import { K8S_SUBJECTS } from './k8s';
import type { Case, Subject } from './subject';

export const SUBJECTS: readonly Subject[] = [...AWS_SUBJECTS, ...K8S_SUBJECTS, ...GCP_SUBJECTS];

/** The case of a number: the subjects take turns, and what one draws does not depend on which others there are. */
export function caseOf(seed: number, number: number): { readonly subject: Subject; readonly drawn: Case } {
  const subject = SUBJECTS[number % SUBJECTS.length];
  const turn = Math.floor(number / SUBJECTS.length);
  const hash = createHash('sha256').update(`${subject.name} ${seed} ${turn}`).digest();
  return { subject, drawn: subject.draw(hash.readUInt32BE() >>> 1) };
}

/** The id and the props of a case, as a person reads them. */
export function givenIn({ id, props }: Case): string {
  return inspect([id, props], { depth: 8, breakLength: 200 });
}
