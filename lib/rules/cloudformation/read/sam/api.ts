/**
 * `AWS::Serverless::Api` and `AWS::Serverless::HttpApi`, and the APIs that SAM makes for events that name none.
 */

import { mapping, type Raw } from '../../../raw';
import { isMapping, scalarText } from '../../../resolved';
import { type Made, type Owner, pick } from './made';
import { defined } from './rules';

type Kind = 'rest' | 'http';

interface Facts {
  readonly type: string;
  readonly implicit: string;
  readonly idProperty: string;
  readonly integrationTimeout: string;
}

const FACTS: Readonly<Record<Kind, Facts>> = {
  rest: {
    type: 'AWS::ApiGateway::RestApi',
    implicit: 'ServerlessRestApi',
    idProperty: 'RestApiId',
    integrationTimeout: 'timeoutInMillis',
  },
  http: {
    type: 'AWS::ApiGatewayV2::Api',
    implicit: 'ServerlessHttpApi',
    idProperty: 'ApiId',
    integrationTimeout: 'timeoutInMillis',
  },
};

/** Makes a REST API with its stage and its usage plan. */
export function addRestApi(made: Made, owner: Owner, id: string, given: Raw): void {
  const { StageName: stage } = given;
  const stageId = `${id}${typeof stage === 'string' ? stage : ''}Stage`;
  made.add(owner, id, FACTS.rest.type, apiProperties(given), BODY_PLACES);
  made.add(owner, `${id}Deployment`, 'AWS::ApiGateway::Deployment', { RestApiId: { Ref: id } });
  made.add(owner, stageId, 'AWS::ApiGateway::Stage', {
    RestApiId: { Ref: id },
    DeploymentId: { Ref: `${id}Deployment` },
    StageName: stage,
    ...pick(given, ['MethodSettings', 'CacheClusterEnabled', 'Variables']),
  });
  made.aliases.set(`${id}.Stage`, stageId);
  made.aliases.set(`${id}.Deployment`, `${id}Deployment`);
  const plan = mapping(mapping(given.Auth).UsagePlan);
  if (plan.CreateUsagePlan === undefined || plan.CreateUsagePlan === 'NONE') return;
  // One that APIs share has all of them; for what a rule asks, one for each is the same.
  made.add(owner, `${id}UsagePlan`, 'AWS::ApiGateway::UsagePlan', {
    ApiStages: [{ ApiId: { Ref: id }, Stage: { Ref: stageId } }],
    ...pick(plan, ['Throttle', 'Quota']),
  });
}

/** Makes an HTTP API with its stage. */
export function addHttpApi(made: Made, owner: Owner, id: string, given: Raw): void {
  const { StageName: stage } = given;
  const named = stage === undefined || stage === '$default' ? 'ApiGatewayDefaultStage' : `${scalarText(stage)}Stage`;
  const stageId = `${id}${typeof stage === 'object' ? 'Stage' : named}`;
  made.add(owner, id, FACTS.http.type, apiProperties(given), BODY_PLACES);
  made.add(owner, stageId, 'AWS::ApiGatewayV2::Stage', {
    ApiId: { Ref: id },
    StageName: stage ?? '$default',
    AutoDeploy: true,
    ...pick(given, ['DefaultRouteSettings', 'RouteSettings', 'StageVariables']),
  });
  made.aliases.set(`${id}.Stage`, stageId);
}

const BODY_PLACES = { Body: 'DefinitionBody', BodyS3Location: 'DefinitionUri' };

/** The definition, as far as the template has it; what events add to it is joined later. */
function apiProperties(given: Raw): Raw {
  const elsewhere = given.DefinitionUri;
  return defined({
    ...pick(given, ['Name', 'Description', 'EndpointConfiguration']),
    Body: given.DefinitionBody ?? (elsewhere === undefined ? { paths: {} } : undefined),
    BodyS3Location: elsewhere,
  });
}

/** Adds the integration of a function's event to the definition of its API, if SAM writes that one. */
export function addIntegration(made: Made, owner: Owner, arn: Raw, kind: Kind, given: Raw): void {
  const facts = FACTS[kind];
  const named = given[facts.idProperty];
  const id = named === undefined ? facts.implicit : isMapping(named) ? named.Ref : named;
  if (typeof id !== 'string') return;
  if (named === undefined && !made.declared(id)) addImplicit(made, owner, kind);
  const api = made.declared(id);
  if (!api || api.Type !== facts.type) return;
  const properties = mapping(api.Properties);
  const body = mapping(properties.Body);
  // One that the user has written holds its own integrations.
  if (!isMapping(body.paths) || !(Object.keys(body).length === 1)) return;
  const path = kind === 'http' && given.Path === undefined ? '/$default' : scalarText(given.Path);
  const method = scalarText(given.Method ?? 'any').toLowerCase();
  const integration = defined({
    type: 'aws_proxy',
    uri: invocation(arn),
    [facts.integrationTimeout]: given.TimeoutInMillis,
    responseTransferMode: given.ResponseTransferMode,
  });
  const paths = {
    ...body.paths,
    [path]: { ...mapping(body.paths[path]), [method]: { 'x-amazon-apigateway-integration': integration } },
  };
  made.resources[id] = { ...api, Properties: { ...properties, Body: { paths } } };
}

/** The API for every event that names none; it stands nowhere, so the first such event is its place. */
function addImplicit(made: Made, owner: Owner, kind: Kind): void {
  const place: Owner = { ...owner, attributes: {} };
  const { implicit } = FACTS[kind];
  const common = made.common(kind === 'rest' ? 'AWS::Serverless::Api' : 'AWS::Serverless::HttpApi');
  if (kind === 'rest') addRestApi(made, place, implicit, { ...common, StageName: 'Prod' });
  else addHttpApi(made, place, implicit, common);
}

function invocation(arn: Raw): Raw {
  const before = ['arn:', { Ref: 'AWS::Partition' }, ':apigateway:', { Ref: 'AWS::Region' }];
  return { 'Fn::Join': ['', [...before, ':lambda:path/2015-03-31/functions/', arn, '/invocations']] };
}
