/**
 * Every rule. A new rule goes into the file of its subject, and a new subject into the list of its folder.
 */

import { CLOUDFORMATION_RULES } from './cloudformation/rules';
import { EMBEDDED_RULES } from './embedded/rules';
import { KUBERNETES_RULES } from './kubernetes/rules';
import type { Rule } from './rule';

/** All of them, in the order in which the docs list them. */
export const RULES: readonly Rule<never>[] = [...CLOUDFORMATION_RULES, ...KUBERNETES_RULES, ...EMBEDDED_RULES];
