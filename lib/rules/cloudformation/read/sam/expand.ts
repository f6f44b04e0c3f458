/**
 * AWS's macro for serverless applications (SAM), as far as rules read what it makes.
 */
import type { Origin } from '../../../document';
import { mapping, type Raw } from '../../../raw';
import { isMapping, scalarText } from '../../../resolved';
import { addHttpApi, addRestApi } from './api';
import { addFunction } from './function';
import { withGlobals } from './globals';
import { getAtt, Made, type Owner, ofEvent, ownerOf, pick } from './made';
import { allow, roleProperties } from './policies';
import { addRule, addSchedule, defined } from './rules';

/** The name of the macro. */
const TRANSFORM = /^AWS::Serverless-/;

/** A template as the macro leaves it. */
export interface Expansion {
  readonly resources: Raw;
  /** Where resources that were made stand in the template. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** Names with a dot, as in `!Ref Handler.Alias`, and the resources that they mean. */
  readonly aliases: ReadonlyMap<string, string>;
  /** What could not be read, in words. */
  readonly unread: readonly string[];
  /** What is there and could not be related to the rest, in words; it hides no resource. Default: nothing. */
  readonly unrelated?: readonly string[];
}

/** Whether a macro of this name is AWS's for serverless applications. */
export function isSam(transform: unknown): boolean {
  return typeof transform === 'string' && TRANSFORM.test(transform);
}

/** The resources of a template that uses the macro. */
export function expandSam(body: Raw): Expansion {
  const made = new Made(mapping(body.Resources), (type) => withGlobals(body.Globals, type, {}));
  const declared = Object.entries(made.resources).filter(
    ([, raw]) => isMapping(raw) && scalarText(raw.Type).startsWith('AWS::Serverless::'),
  );
  // Functions last: their events change APIs and buckets.
  const isFunction = ([, raw]: [string, Raw]) => raw.Type === 'AWS::Serverless::Function';
  for (const [id, raw] of [...declared.filter((one) => !isFunction(one)), ...declared.filter(isFunction)])
    expand(made, body, id, raw);
  for (const [id, raw] of Object.entries(mapping(body.Resources)))
    if (isMapping(raw) && raw.Connectors !== undefined) made.unread.push(`the connectors of ${id}`);
  return made;
}

function expand(made: Made, body: Raw, id: string, raw: Raw): void {
  const type = scalarText(raw.Type);
  const properties = raw.Properties;
  const readable = properties === undefined || (isMapping(properties) && !('Fn::If' in properties));
  const given = withGlobals(body.Globals, type, raw);
  const owner = ownerOf(id, raw);
  const add = Object.hasOwn(EXPANDED, type) ? EXPANDED[type] : undefined;
  if (!add || !readable) {
    made.unread.push(`${id}, of type ${type}`);
    return;
  }
  add({ made, owner, id, raw, given, parameters: mapping(body.Parameters) });
}

interface Declared {
  readonly made: Made;
  readonly owner: Owner;
  readonly id: string;
  readonly raw: Raw;
  readonly given: Raw;
  readonly parameters: Raw;
}

/** What is made of each type. */
const EXPANDED: Readonly<Record<string, (declared: Declared) => void>> = {
  'AWS::Serverless::Function': ({ made, id, raw, given, parameters }) => addFunction(made, id, raw, given, parameters),
  'AWS::Serverless::Api': ({ made, owner, id, given }) => addRestApi(made, owner, id, given),
  'AWS::Serverless::HttpApi': ({ made, owner, id, given }) => addHttpApi(made, owner, id, given),
  'AWS::Serverless::SimpleTable': addTable,
  'AWS::Serverless::StateMachine': addStateMachine,
  'AWS::Serverless::LayerVersion': ({ made, owner, id }) => made.add(owner, id, 'AWS::Lambda::LayerVersion', {}),
  'AWS::Serverless::Application': ({ made, owner, id, given }) =>
    made.add(owner, id, 'AWS::CloudFormation::Stack', pick(given, ['Parameters']), {}),
};

function addTable({ made, owner, id, given }: Declared): void {
  const key = given.PrimaryKey === undefined ? 'id' : mapping(given.PrimaryKey).Name;
  const properties = {
    KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
    BillingMode: given.ProvisionedThroughput === undefined ? 'PAY_PER_REQUEST' : undefined,
    ...pick(given, ['TableName', 'ProvisionedThroughput', 'PointInTimeRecoverySpecification']),
  };
  made.add(owner, id, 'AWS::DynamoDB::Table', defined(properties), { KeySchema: 'PrimaryKey' });
}

const OF_STATE_MACHINE = [
  'Definition',
  'DefinitionString',
  'DefinitionSubstitutions',
  'DefinitionUri',
  'LoggingConfiguration',
  'Type',
];

function addStateMachine({ made, owner, id, given }: Declared): void {
  const { Definition, DefinitionUri, ...rest } = pick(given, OF_STATE_MACHINE);
  const { Type, LoggingConfiguration, ...definition } = rest;
  const properties = {
    ...definition,
    Definition,
    DefinitionS3Location: DefinitionUri,
    StateMachineName: given.Name,
    StateMachineType: Type,
    LoggingConfiguration,
    RoleArn: given.Role ?? getAtt(`${id}Role`, 'Arn'),
  };
  made.add(owner, id, 'AWS::StepFunctions::StateMachine', defined(properties));
  if (given.Role === undefined) made.add(owner, `${id}Role`, 'AWS::IAM::Role', roleProperties(given.Policies, []));
  for (const [name, event] of Object.entries(mapping(given.Events))) {
    const { Type: type, Properties } = mapping(event);
    if (!addStart(made, owner, name, type, mapping(Properties)))
      made.unread.push(`the event ${name} of ${id}, of type ${scalarText(type)}`);
  }
}

/** Makes what starts a state machine; false for a type that is not read. */
function addStart(made: Made, machine: Owner, name: string, type: unknown, given: Raw): boolean {
  const id = `${machine.id}${name}`;
  const owner = ofEvent(machine, name);
  const started = { arn: { Ref: machine.id }, suffix: 'StepFunctionsTarget', action: 'states:StartExecution' };
  if (type === 'ScheduleV2') addSchedule(made, owner, id, given, started);
  else if (type === 'Schedule' || type === 'EventBridgeRule' || type === 'CloudWatchEvent') {
    addRule(made, owner, id, given, started);
    made.add(owner, `${id}Role`, 'AWS::IAM::Role', roleProperties([], [allow(started.action, started.arn)]));
  } else return type === 'Api';
  return true;
}
