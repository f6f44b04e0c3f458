import type { Document, EmbeddedText, Resource } from '../document';
import type { Rule } from '../rule';
import { embeddedRule } from './trap';

/** Limiters that live in one process, as their libraries make them. */
const IN_MEMORY =
  /\bnew\s+(?:Bottleneck|TokenBucket|RateLimiter|RateLimiterMemory|AsyncLimiter)\s*\(|\bRateLimiter\.create\(|\bAsyncLimiter\(\s*\d|\bRateLimiter\(\s*max_calls\b|^[ \t]*class\s+\w*(?:TokenBucket|LeakyBucket|RateLimiter)\b/m;
/** A store that several processes share, or a limit that was divided among them. */
const SHARED =
  /redis|memcache|dynamodb|firestore|postgres|mysql|etcd|datastore\s*:|(?:limit|rate|max\w*)\s*\/\s*\w*(?:replicas|instances|workers|senders)/i;

/** What a provider says above its rate, in the languages of its clients. */
const THROTTLE = /\b(?:429|451|454)\b|Throttl|TooManyRequests|RateLimit|SendingRate/;
/** What keeps the mail for later. */
const KEPT =
  /retry|retri|sleep|back_?off|setTimeout|\bwait|delay|queue|\.(?:append|push|add|put|send_message|sendMessage|write|save|insert|enqueue)\(\s*(?!\s*\))\w*(?:recipient|mail|user|address|message|to)\b/i;

/** Rules about programs that send to a provider with a limit. */
export const EMBEDDED_SENDER_RULES: readonly Rule[] = [
  embeddedRule({
    id: 'BP-BUCKET-003',
    title: 'A limiter in memory in a workload that runs more than once',
    why: 'Each process has a limiter of its own: n of them send n times the limit, and the provider refuses the rest.',
    source:
      'Bottleneck, "Clustering": without a datastore each instance is on its own; Guava, RateLimiter: one process',
    severity: 'error',
    cases: [7],
    signs: [
      {
        pattern: IN_MEMORY,
        excuse: SHARED,
        where: runsMoreThanOnce,
        message: () => 'a limiter in memory, and the workload runs more than once: each process sends the whole limit',
        fix: 'keep the bucket in a store that all of them share (Redis, DynamoDB), or divide the limit by their number',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-SEND-001',
    title: 'A loop over recipients that skips those whom the provider refuses for its rate',
    why: 'The refusal is about the moment and not about the mail. The loop goes on, and the mail is never sent.',
    source:
      'Amazon SES Developer Guide, "Errors related to the sending quotas": wait up to 10 minutes and retry; RFC 6585, 429',
    severity: 'error',
    cases: [7],
    signs: [
      {
        // One loop of Python: its lines, which are indented deeper.
        within:
          /^([ \t]*)(?:async )?for\s+\w+(?:\s*,\s*\w+)?\s+in\s+[^\n]{0,80}(?:recipient|subscriber|address|user|contact|mail)s?[^\n]{0,80}:[ \t]*\n(?:\1[ \t]+[^\n]*\n|[ \t]*\n){1,200}(?:\1[ \t]+[^\n]*$)?/gim,
        pattern: /except\b[^\n]{0,200}:\s*\n(?:[^\n]*\n){0,3}?\s*(?:continue|pass)\b/,
        needs: THROTTLE,
        excuse: KEPT,
        message: () => 'a mail that is refused for the rate of the provider is skipped: it is never sent',
        fix: 'keep it and send it again later, with a delay that grows; better, share one token bucket below the limit',
      },
      {
        // One loop of JavaScript: up to the next line that closes at its indentation.
        within:
          /^([ \t]*)for\s*(?:await\s*)?\(\s*(?:const|let|var)\s+[^\n]{1,80}\s+of\s+[^\n]{0,80}(?:recipient|subscriber|address|user|contact|mail)[^\n]{0,80}\{[ \t]*\n(?:[^\n]*\n){1,200}?\1\}/gim,
        pattern:
          /catch\s*(?:\(\s*\w+\s*\))?\s*\{(?:[^{}]|\{[^{}]{0,200}\}){0,300}?(?:continue\s*;?|\/\*\*\/)|catch\s*(?:\(\s*\w+\s*\))?\s*\{\s*(?:console\.\w+\([^\n]{0,200}\);?\s*)?\}/,
        needs: THROTTLE,
        excuse: KEPT,
        message: () => 'a mail that is refused for the rate of the provider is skipped: it is never sent',
        fix: 'keep it and send it again later, with a delay that grows; better, share one token bucket below the limit',
      },
    ],
  }),
];

const WORKLOADS = ['apps/Deployment', 'apps/StatefulSet'] as const;
const SCALERS = ['autoscaling/HorizontalPodAutoscaler', 'keda.sh/ScaledObject'] as const;
/** KEDA's default maximum. */
const DEFAULT_MAX_REPLICAS = 100;

/** Whether the text certainly runs in two processes or more. */
function runsMoreThanOnce({ at: { resource } }: EmbeddedText, document: Document): boolean {
  if (resource.type === 'AWS::Lambda::Function') return isFedInParallel(resource, document);
  return document
    .ofType(...WORKLOADS)
    .filter((workload) => workload === resource || mounts(workload, resource))
    .some((workload) => replicasOf(workload, document) > 1);
}

/** A queue or a stream feeds it, and what it reserves is more than one. */
function isFedInParallel(handler: Resource, document: Document): boolean {
  const reserved = handler.at('Properties', 'ReservedConcurrentExecutions');
  const most = reserved.absent ? Number.POSITIVE_INFINITY : reserved.number();
  if (most === undefined || most < 2) return false;
  return document.ofType('AWS::Lambda::EventSourceMapping').some((mapping) => {
    const source = mapping.at('Properties', 'EventSourceArn');
    const named = JSON.stringify(mapping.at('Properties', 'FunctionName').resolved ?? '');
    return source.present && named.includes(`"${handler.name}"`);
  });
}

function mounts(workload: Resource, map: Resource): boolean {
  if (map.type !== 'ConfigMap' || placeOf(workload) !== placeOf(map)) return false;
  const name = map.at('metadata', 'name').text();
  if (name === undefined) return false;
  return workload
    .at('spec', 'template', 'spec', 'volumes')
    .items()
    .some((volume) => volume.at('configMap', 'name').text() === name);
}

/** Replicas for certain: its own, or those that a scaler may start. */
function replicasOf(workload: Resource, document: Document): number {
  const name = workload.at('metadata', 'name').text();
  const scaled = document
    .ofType(...SCALERS)
    .filter((scaler) => placeOf(scaler) === placeOf(workload))
    .filter((scaler) => name !== undefined && scaler.at('spec', 'scaleTargetRef', 'name').text() === name)
    .map((scaler) =>
      scaler.type === 'keda.sh/ScaledObject'
        ? scaler.at('spec', 'maxReplicaCount').number(DEFAULT_MAX_REPLICAS)
        : scaler.at('spec', 'maxReplicas').number(),
    );
  return Math.max(workload.at('spec', 'replicas').number(1) ?? 1, ...scaled.map((most) => most ?? 1));
}

function placeOf(resource: Resource): string {
  return resource.at('metadata', 'namespace').text() ?? '';
}
