/** Every kind of scenario: a file beside this one with its type and its measure, and a line here. */
import { ci } from './ci';
import { compaction } from './compaction';
import { etl } from './etl';
import { jvm } from './jvm';
import type { Kind } from './kind';
import { logs } from './logs';
import { coalesce } from './merging';
import { metrics } from './metrics';
import { queue } from './queue';
import { quotas } from './quotas';
import { rates } from './rates';
import { replica } from './replication';
import { retention } from './retention';
import { schedule } from './schedule';
import { services } from './services';
import { shares } from './shares';
import { storage } from './storage';
import { stream } from './streams';
import { webhooks } from './webhooks';

const kinds = {
  queue,
  webhooks,
  storage,
  logs,
  retention,
  quotas,
  shares,
  schedule,
  rates,
  coalesce,
  compaction,
  etl,
  stream,
  jvm,
  services,
  replica,
  metrics,
  ci,
};

/** A case as something that runs. *Before* is given; *after* follows from a plan and is never given. */
export type Scenario = Parameters<(typeof kinds)[keyof typeof kinds]['measure']>[1];

/** The scenario of one kind. */
export type ScenarioOf<Name extends Scenario['kind']> = Extract<Scenario, { readonly kind: Name }>;

/** Each kind by the name that its scenarios give as `kind`. */
export const KINDS: { readonly [Name in Scenario['kind']]: Kind<ScenarioOf<Name>> } = kinds;

/** The kind of a scenario. */
export function kindOf(scenario: Scenario): Kind<Scenario> {
  // The table gives every scenario the kind that takes it, which the compiler cannot follow through an index.
  return KINDS[scenario.kind] as Kind<Scenario>;
}
