import { grouped } from '../../flow/grouped';
import type { Resource, Value } from '../document';
import { least } from '../extremes';
import { oncePer } from '../once-per';
import type { Rule } from '../rule';
import { functions, isActive, mappingsInto, serviceOf } from './read/functions';
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
];

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
