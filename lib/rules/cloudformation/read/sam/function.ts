/**
 * `AWS::Serverless::Function`: the function, its role, its alias, and what its events make.
 */

import { mapping, type Raw } from '../../../raw';
import { isMapping, scalarText } from '../../../resolved';
import { addEvent, type Handler } from './events';
import { getAtt, type Made, type Owner, ownerOf, pick } from './made';
import { allow, roleProperties } from './policies';
import { defined } from './rules';

/** Properties that are SAM's own, or that a function has under another name. */
const OF_SAM = [
  'Events',
  'Policies',
  'PermissionsBoundary',
  'AssumeRolePolicyDocument',
  'RolePath',
  'AutoPublishAlias',
  'AutoPublishAliasAllProperties',
  'AutoPublishCodeSha256',
  'DeploymentPreference',
  'DeadLetterQueue',
  'EventInvokeConfig',
  'ProvisionedConcurrencyConfig',
  'FunctionUrlConfig',
  'CodeUri',
  'ImageUri',
  'InlineCode',
  'VersionDescription',
  'PropagateTags',
  'Tags',
  'Role',
];

/** Makes a function with these properties, which Globals have been added to. */
export function addFunction(made: Made, id: string, raw: Raw, given: Raw, parameters: Raw): void {
  const owner = ownerOf(id, raw);
  const statements: Raw[] = [];
  const alias = aliasOf(given.AutoPublishAlias, parameters);
  const itself = { Ref: id };
  const aliasId = alias && `${id}Alias${alias.replace(/-/g, 'D').replace(/_/g, 'U')}`;
  if (given.AutoPublishAlias !== undefined && !alias) made.unread.push(`the alias of ${id}`);
  if (aliasId) {
    made.add(owner, `${id}Version`, 'AWS::Lambda::Version', { FunctionName: itself });
    const properties = { Name: alias, FunctionName: itself, FunctionVersion: getAtt(`${id}Version`, 'Version') };
    made.add(owner, aliasId, 'AWS::Lambda::Alias', {
      ...properties,
      ...pick(given, ['ProvisionedConcurrencyConfig']),
    });
    made.aliases.set(`${id}.Alias`, aliasId);
    made.aliases.set(`${id}.Version`, `${id}Version`);
  }
  if (given.FunctionUrlConfig !== undefined)
    made.add(owner, `${id}Url`, 'AWS::Lambda::Url', { TargetFunctionArn: aliasId ? { Ref: aliasId } : itself });
  if (isMapping(given.EventInvokeConfig)) addInvokeConfig(made, owner, given.EventInvokeConfig, alias, statements);
  const dead = mapping(given.DeadLetterQueue);
  if (dead.Type === 'SQS') statements.push(allow('sqs:SendMessage', dead.TargetArn));
  if (dead.Type === 'SNS') statements.push(allow('sns:Publish', dead.TargetArn));
  const handler: Handler = {
    owner,
    id,
    name: aliasId ? { Ref: aliasId } : itself,
    arn: aliasId ? { Ref: aliasId } : getAtt(id, 'Arn'),
    statements,
  };
  addFunctionItself(made, owner, given);
  for (const [name, event] of Object.entries(mapping(given.Events))) {
    const { Type, Properties } = mapping(event);
    if (!addEvent(made, handler, name, Type, mapping(Properties)))
      made.unread.push(`the event ${name} of ${id}, of type ${scalarText(Type)}`);
  }
  if (hasOwnRole(given.Role)) return;
  made.add(owner, `${id}Role`, 'AWS::IAM::Role', roleProperties(given.Policies, statements));
}

function addFunctionItself(made: Made, owner: Owner, given: Raw): void {
  const { id } = owner;
  const rest = Object.fromEntries(Object.entries(given).filter(([key]) => !OF_SAM.includes(key)));
  const dead = mapping(given.DeadLetterQueue);
  const properties: Raw = {
    ...rest,
    Code: given.InlineCode === undefined ? {} : { ZipFile: given.InlineCode },
    Role: roleOf(id, given.Role),
    DeadLetterConfig: given.DeadLetterQueue === undefined ? undefined : { TargetArn: dead.TargetArn },
  };
  made.add(owner, id, 'AWS::Lambda::Function', defined(properties), {
    DeadLetterConfig: 'DeadLetterQueue',
    'Code.ZipFile': 'InlineCode',
  });
}

/** Whether it runs under a role that is given, for certain; SAM makes one where that is not so. */
function hasOwnRole(role: unknown): boolean {
  return role !== undefined && !branchesOf(role).some(isNoValue);
}

/** The role that it runs under; in `Fn::If`, SAM's own stands in place of no value. */
function roleOf(id: string, role: unknown): unknown {
  const made = getAtt(`${id}Role`, 'Arn');
  if (role === undefined) return made;
  if (hasOwnRole(role)) return role;
  const [condition, ...branches] = (role as { 'Fn::If': unknown[] })['Fn::If'];
  return { 'Fn::If': [condition, ...branches.map((branch) => (isNoValue(branch) ? made : branch))] };
}

function branchesOf(value: unknown): unknown[] {
  const branches = isMapping(value) ? value['Fn::If'] : undefined;
  return Array.isArray(branches) && branches.length === 3 ? branches.slice(1) : [];
}

function isNoValue(value: unknown): boolean {
  return isMapping(value) && value.Ref === 'AWS::NoValue';
}

/** The name of the alias, which may be the default of a parameter; undefined when it is not decided. */
function aliasOf(given: unknown, parameters: Raw): string | undefined {
  const named = isMapping(given) && typeof given.Ref === 'string' ? mapping(parameters[given.Ref]).Default : given;
  return typeof named === 'string' && /^[\w-]+$/.test(named) ? named : undefined;
}

/** Makes the configuration of asynchronous invocations, with the queues and topics that it lets SAM make. */
function addInvokeConfig(made: Made, owner: Owner, given: Raw, alias: string | undefined, statements: Raw[]): void {
  const id = `${owner.id}EventInvokeConfig`;
  const inConfig = { ...owner, base: 'Properties.EventInvokeConfig' };
  const destinations = mapping(given.DestinationConfig);
  const destination = (event: 'OnSuccess' | 'OnFailure'): Raw => {
    const config = destinations[event];
    if (!isMapping(config)) return {};
    const type = config.Type === 'SQS' ? 'Queue' : config.Type === 'SNS' ? 'Topic' : undefined;
    let arn = config.Destination;
    const absent = arn === undefined || branchesOf(arn).some(isNoValue);
    if (absent && type) {
      const child = `${id}${event}${type}`;
      const at = { '': `DestinationConfig.${event}` };
      made.add(inConfig, child, type === 'Queue' ? 'AWS::SQS::Queue' : 'AWS::SNS::Topic', {}, at);
      made.aliases.set(`${owner.id}.Destination${type}`, child);
      const own = type === 'Queue' ? getAtt(child, 'Arn') : { Ref: child };
      arn = arn === undefined ? own : withoutNoValue(arn, own);
    }
    if (type) statements.push(allow(type === 'Queue' ? 'sqs:SendMessage' : 'sns:Publish', arn));
    return { [event]: { Destination: arn } };
  };
  const properties: Raw = {
    FunctionName: { Ref: owner.id },
    Qualifier: alias ?? '$LATEST',
    DestinationConfig: { ...destination('OnSuccess'), ...destination('OnFailure') },
    ...pick(given, ['MaximumEventAgeInSeconds', 'MaximumRetryAttempts']),
  };
  made.add(inConfig, id, 'AWS::Lambda::EventInvokeConfig', properties);
}

function withoutNoValue(value: unknown, own: Raw): unknown {
  const [condition, ...branches] = (value as { 'Fn::If': unknown[] })['Fn::If'];
  return { 'Fn::If': [condition, ...branches.map((branch) => (isNoValue(branch) ? own : branch))] };
}
