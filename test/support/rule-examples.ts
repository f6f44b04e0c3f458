// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are CloudFormation's
/** The examples in docs/rules/, each with one thing changed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from '../../lib/rules/check';
import { Template } from '../../lib/rules/cloudformation/read/template';
import { parseDocuments } from '../../lib/rules/read';

// biome-ignore lint/suspicious/noExplicitAny: a template is whatever its author wrote
type Body = any;
export type Edit = (resources: Body, body: Body) => void;
export type Near = readonly [id: string, claim: string, edit: Edit];

const EXAMPLES = join(__dirname, '..', '..', 'docs', 'rules');

export function found({ 0: id, 2: edit }: Near): boolean {
  const [body] = parseDocuments('t.yaml', readFileSync(join(EXAMPLES, id, 'wrong.yaml'), 'utf8')) as Body[];
  edit(body.Resources, body);
  return check([new Template(body, 't.yaml')]).some(({ ruleId }) => ruleId === id);
}

export const ARN = (service: string, name: string) => `arn:aws:${service}:eu-west-1:111122223333:${name}`;
export const get = (name: string, attribute = 'Arn') => ({ 'Fn::GetAtt': [name, attribute] });
export const allow = (action: string, resource: unknown) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: action, Resource: resource }],
});
/** Sets properties of a resource. */
export const set =
  (name: string, properties: Body): Edit =>
  (resources) => {
    resources[name].Properties = { ...resources[name].Properties, ...properties };
  };
/** Adds a resource. */
export const add =
  (Type: string, Properties: Body): Edit =>
  (resources) => {
    resources.Added = { Type, Properties };
  };
/** A REST API in place of the HTTP API, and a usage plan that throttles the callers of the API with this id. */
export const restApi =
  (plannedApi: unknown): Edit =>
  (r) => {
    delete r.Integration;
    r.Api = { Type: 'AWS::ApiGateway::RestApi', Properties: { Name: 'orders' } };
    r.Method = {
      Type: 'AWS::ApiGateway::Method',
      Properties: {
        RestApiId: { Ref: 'Api' },
        Integration: {
          Uri: { 'Fn::Sub': 'arn:aws:apigateway:x:lambda:path/2015-03-31/functions/${Function.Arn}/invocations' },
        },
      },
    };
    r.Stage = {
      Type: 'AWS::ApiGateway::Stage',
      Properties: { RestApiId: { Ref: 'Api' }, MethodSettings: [{ LoggingLevel: 'INFO' }] },
    };
    r.Plan = {
      Type: 'AWS::ApiGateway::UsagePlan',
      Properties: { Throttle: { RateLimit: 1 }, ApiStages: [{ ApiId: plannedApi }] },
    };
  };
export const conditional =
  (name: string): Edit =>
  (resources) => {
    resources[name].Condition = 'Sometimes';
  };
export const macro: Edit = (_, body) => {
  body.Transform = 'AcmeAlarms';
};
export const output =
  (name: string): Edit =>
  (_, body) => {
    body.Outputs = { Shared: { Value: get(name), Export: { Name: 'shared' } } };
  };
