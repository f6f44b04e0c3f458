import { grouped } from '../../flow/grouped';
import type { Resource, Value } from '../document';
import { least } from '../extremes';
import { oncePer } from '../once-per';
import type { Rule } from '../rule';
import { functions, isActive, mappings, mappingsInto, serviceOf } from './read/functions';
import { roleAt, rolesGranted } from './read/grants';
import { asynchronousSenders } from './read/invocations';
import { statesOf } from './read/states';
import type { Template } from './read/template';

/** Sources for which every message or record may create an item. */
const EVENT_SOURCES = ['sqs', 'kinesis', 'dynamodb', 'kafka'];

/** Properties that only mappings of Amazon MQ, of DocumentDB and of a Kafka elsewhere have. */
const BROKERS = ['Queues', 'DocumentDBEventSourceConfig', 'SelfManagedEventSource'];

const TABLES = ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'];

/** Keys of one event: an id of a delivery, a time. Keys of lasting things do not count. */
const EVENT_KEY =
  /^((event|delivery|message|msg|session|request|idempotency|dedup(lication)?)[_-]?(id|key|uuid)|time[_-]?stamp|ts|(received|occurred|event|sent)[_-]?(at|time|timestamp))$/i;

/** Rules about DynamoDB tables. */
export const TABLE_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-DDB-001',
    title: 'A table never deletes its events',
    why: 'Each event adds an item, and none is deleted. Size and cost grow all the time, and a first clean-up of years of items is a heavy load.',
    source: 'Amazon DynamoDB Developer Guide, "Using time to live (TTL) in DynamoDB"',
    severity: 'warning',
    cases: [15, 16],
    *check(template) {
      for (const table of template.ofType(...TABLES)) {
        const ttl = table.at('Properties', 'TimeToLiveSpecification');
        const key = eventKey(table);
        if (!ttl.absent || key === undefined) continue;
        const writer = firstWriter(template, table);
        if (!writer) continue;
        yield {
          at: ttl,
          message: `${writer.name} puts an item for every ${key} that its events bring, and nothing expires them`,
          fix: 'add a TimeToLiveSpecification, and write the second of expiry (Unix time) into its attribute: time of the event + retention',
        };
      }
    },
  },
  {
    id: 'BP-DDB-003',
    title: 'A consumer of a stream takes expiries for deletions by users',
    why: 'Time to live deletes an item as a user does: the stream has a REMOVE for each. A consumer that answers deletions, with a refund or a mail, answers every expiry, and a backfill of expiries floods it.',
    source:
      'Amazon DynamoDB Developer Guide, "DynamoDB Streams and time to live": userIdentity.principalId is dynamodb.amazonaws.com',
    severity: 'warning',
    cases: [16],
    *check(template) {
      for (const { mapping, source, handler } of mappings(template)) {
        const table = template.target(source);
        if (!table || !TABLES.includes(table.type) || !expires(table) || !isActive(mapping)) continue;
        // A program may look for itself; one that is elsewhere is not read, and a filter is cheaper than it anyhow.
        if (/userIdentity|principalId/.test(handler?.at('Properties', 'Code', 'ZipFile').text() ?? '')) continue;
        const filters = mapping.at('Properties', 'FilterCriteria', 'Filters');
        if (!filters.absent && !filters.items().some((filter) => letsExpiriesThrough(filter.at('Pattern').text())))
          continue;
        yield {
          at: filters,
          message: `${mapping.name} passes on what expires in ${table.name} like what users delete`,
          fix: 'filter by {"userIdentity": {"principalId": [{"exists": false}]}}, or by eventName without REMOVE; for expiries alone, by {"userIdentity": {"principalId": ["dynamodb.amazonaws.com"]}}',
        };
      }
    },
  },
  {
    id: 'BP-DDB-004',
    title: 'Each expiry is a write in every other region, and that is provisioned',
    why: 'Deletions by time to live are free where they happen, but each replica in another region pays a replicated write. They come in waves, and provisioned replicas throttle them: replication falls behind.',
    source: 'Amazon DynamoDB Developer Guide, "Using time to live (TTL) in DynamoDB", TTL and global tables',
    severity: 'warning',
    cases: [16],
    *check(template) {
      for (const table of template.ofType('AWS::DynamoDB::GlobalTable')) {
        const billing = table.at('Properties', 'BillingMode');
        const replicas = table.at('Properties', 'Replicas').items().length;
        const provisioned = billing.absent || billing.text() === 'PROVISIONED';
        if (!expires(table) || replicas < 2 || !provisioned) continue;
        yield {
          at: table.at('Properties', 'TimeToLiveSpecification'),
          message: `${table.name} has ${replicas} regions with provisioned write capacity: every expiry takes a unit of it in ${replicas - 1} of them`,
          fix: 'set BillingMode to PAY_PER_REQUEST, or add the inserts of a second, which are the expiries later, to the write capacity of each region',
        };
      }
    },
  },
];

/** Whether time to live is on, for certain. */
function expires(table: Resource): boolean {
  return table.at('Properties', 'TimeToLiveSpecification', 'Enabled').flag(false) === true;
}

/** Whether a filter passes on the REMOVE of an expiry; what is not decided, or no JSON, does not count. */
function letsExpiriesThrough(pattern: string | undefined): boolean {
  if (pattern === undefined || /userIdentity/.test(pattern)) return false;
  const names = /"eventName"\s*:\s*(\[[^\]]*\])/.exec(pattern)?.[1];
  return names === undefined || (/REMOVE/.test(names) && !/anything-but/.test(names));
}

/** The key attribute whose name shows that the item is an event; undefined when there is none. */
function eventKey(table: Resource): string | undefined {
  return table
    .at('Properties', 'KeySchema')
    .items()
    .map((element) => element.at('AttributeName').text())
    .find((name) => name !== undefined && EVENT_KEY.test(name));
}

/** The first that writes an item for each event: a function, a rule of AWS IoT, or a state machine. */
function firstWriter(template: Template, table: Resource): Resource | undefined {
  const roles = ['dynamodb:PutItem', 'dynamodb:BatchWriteItem'].flatMap((action) =>
    rolesGranted(template, action, table, 'TableName'),
  );
  const first = roles.map((role) => eventDriven(template).get(role)?.[0] ?? Number.POSITIVE_INFINITY);
  return functions(template)[least(first)] ?? direct(template).get(table)?.[0];
}

/** What writes into tables without a function, by table. */
const direct = oncePer((template: Template) => {
  const named: readonly (readonly [Value, Resource])[] = [
    ...template
      .ofType('AWS::IoT::TopicRule')
      .filter((rule) => rule.at('Properties', 'TopicRulePayload', 'RuleDisabled').flag(false) === false)
      .flatMap((rule) =>
        rule
          .at('Properties', 'TopicRulePayload', 'Actions')
          .items()
          .flatMap((action) => [action.at('DynamoDBv2', 'PutItem', 'TableName'), action.at('DynamoDB', 'TableName')])
          .map((table) => [table, rule] as const),
      ),
    ...template.ofType('AWS::StepFunctions::StateMachine').flatMap((machine) =>
      statesOf(machine)
        .filter(({ body }) => /:states:.*:(aws-sdk:)?dynamodb:putItem$/.test(body.at('Resource').text() ?? ''))
        .flatMap(({ body }) => [body.at('Parameters', 'TableName'), body.at('Arguments', 'TableName')])
        .map((table) => [table, machine] as const),
    ),
  ];
  return grouped(
    named.flatMap(([at, writer]) =>
      TABLES.flatMap((type) => template.find(at, type, 'TableName') ?? []).map((table) => [table, writer] as const),
    ),
  );
});

/** The places, among all functions, of those that events start, by the role that they run under. */
const eventDriven = oncePer((template: Template) =>
  grouped(
    functions(template).map((handler, place) => [
      isEventDriven(template, handler) ? roleAt(template, handler.at('Properties', 'Role')) : undefined,
      place,
    ]),
  ),
);

/** Whether every run of a function brings events: from a queue, a stream, a broker, or from whom nobody waits for. */
function isEventDriven(template: Template, handler: Resource): boolean {
  return (
    asynchronousSenders(template, handler).length > 0 ||
    mappingsInto(template, handler).some(
      ({ mapping, source }) =>
        isActive(mapping) &&
        (EVENT_SOURCES.includes(serviceOf(template, source) ?? '') ||
          BROKERS.some((property) => mapping.at('Properties', property).present)),
    )
  );
}
