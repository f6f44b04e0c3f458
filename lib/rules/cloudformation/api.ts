import { grouped } from '../../flow/grouped';
import type { Resource, Value } from '../document';
import { greatest } from '../extremes';
import { oncePer } from '../once-per';
import type { Found, Rule } from '../rule';
import { functionAt, functions, mappingsInto, reservedOf, timeoutOf } from './read/functions';
import { Pointers } from './read/pointers';
import type { Template } from './read/template';

/** Default limit of an account: requests a second to all of its APIs in a region. */
const ACCOUNT_REQUESTS_PER_SECOND = 10_000;

/** The default time-out of an integration. */
const REST_WAIT_MILLISECONDS = 29_000;
const HTTP_WAIT_MILLISECONDS = 30_000;

/** A function that answers requests to an API. */
interface Integration {
  readonly api: Resource;
  readonly handler: Resource;
  /** The longest that a caller waits, in milliseconds; undefined when not decided, or when no caller waits. */
  readonly wait: number | undefined;
}

/** Rules about API Gateway in front of Lambda functions. */
export const API_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-API-001',
    title: 'Requests to a function with a limit are not throttled',
    why: 'Requests above the reserved concurrency get errors, for good and bad callers alike, and every retry adds load. A throttle at the gateway answers 429, and clients back off.',
    source:
      'Amazon API Gateway Developer Guide, "Throttle requests to your REST APIs": 10,000 requests/s for an account',
    severity: 'warning',
    cases: [12, 15],
    *check(template) {
      if (!template.closed) return;
      for (const { stage, api, at } of openStages(template)) {
        const handlers = new Set(
          integrations(template)
            .byApi.get(api)
            ?.map(({ handler }) => handler),
        );
        for (const handler of handlers) yield* unthrottled(stage, at, handler);
      }
    },
  },
  {
    id: 'BP-API-002',
    title: 'A function may still run after its caller got an error',
    why: 'The gateway answers 504 while the function continues and is billed. The caller retries, and the same work runs twice under the highest load.',
    source:
      'Amazon API Gateway Developer Guide, "Amazon API Gateway quotas": integration time-out 29 s for REST, 30 s for HTTP APIs',
    severity: 'warning',
    cases: [12],
    *check(template) {
      for (const handler of functions(template)) {
        const timeout = handler.at('Properties', 'Timeout').number();
        const waits = (integrations(template).byHandler.get(handler) ?? []).map(({ wait }) => wait);
        // A function that also reads a queue may need its time-out for that.
        if (timeout === undefined || waits.length === 0 || mappingsInto(template, handler).length > 0) continue;
        if (waits.some((wait) => wait === undefined)) continue;
        const longest = greatest(waits.map((wait) => wait! / 1000));
        if (timeout <= longest) continue;
        yield {
          at: handler.at('Properties', 'Timeout'),
          message: `may run ${timeout} s, and the gateway answers 504 after ${longest} s`,
          fix: `set Timeout to ${Math.floor(longest)} or less, or take the request into a queue and answer 202`,
        };
      }
    },
  },
];

function* unthrottled(stage: Resource, at: Value, handler: Resource): Iterable<Found> {
  const reserved = reservedOf(handler).number();
  const timeout = timeoutOf(handler);
  if (!reserved || timeout === undefined) return;
  const sure = Number((reserved / timeout).toPrecision(3));
  yield {
    at,
    message: `${stage.name} has only the limit of the account, ${ACCOUNT_REQUESTS_PER_SECOND} requests/s, and ${handler.name} runs ${reserved} at once: ${reserved} ÷ ${timeout} s = ${sure}/s when each takes its whole time-out`,
    fix: `set ThrottlingRateLimit to ${reserved} ÷ the mean seconds of a request, and ThrottlingBurstLimit to ${reserved}`,
  };
}

/** The stages that are, for certain, not throttled, and where they should be. */
function openStages(template: Template): { stage: Resource; api: Resource; at: Value }[] {
  const rest = template.ofType('AWS::ApiGateway::Stage').flatMap((stage) => {
    const api = template.target(stage.at('Properties', 'RestApiId'));
    const settings = stage.at('Properties', 'MethodSettings');
    const open = settings.items().every((setting) => setting.at('ThrottlingRateLimit').absent);
    return api && open && !planned(template).mayMean(api) ? [{ stage, api, at: settings }] : [];
  });
  const http = template.ofType('AWS::ApiGatewayV2::Stage').flatMap((stage) => {
    const api = template.target(stage.at('Properties', 'ApiId'));
    const settings = stage.at('Properties', 'DefaultRouteSettings');
    const open = settings.at('ThrottlingRateLimit').absent && stage.at('Properties', 'RouteSettings').absent;
    return api && open ? [{ stage, api, at: settings }] : [];
  });
  return [...rest, ...http].filter(({ api }) => !template.exportedByName(api));
}

/** The APIs whose callers a usage plan may throttle. */
const planned = oncePer((template: Template) => {
  const stages = template
    .ofType('AWS::ApiGateway::UsagePlan')
    .filter((plan) => !plan.at('Properties', 'Throttle').absent)
    .flatMap((plan) => plan.at('Properties', 'ApiStages').items());
  const ids = stages.map((stage) => stage.at('ApiId'));
  return new Pointers(template, ids, 'AWS::ApiGateway::RestApi', 'RestApiId');
});

/** The functions behind the methods of REST APIs and the routes of HTTP APIs. */
const integrations = oncePer((template: Template) => {
  const rest = template.ofType('AWS::ApiGateway::Method').flatMap((method) => {
    const integration = method.at('Properties', 'Integration');
    const api = template.target(method.at('Properties', 'RestApiId'));
    const handler = functionAt(template, integration.at('Uri'));
    if (!api || !handler) return [];
    // An asynchronous event has no waiting caller; a stream is answered in parts.
    const waits =
      integration.at('RequestParameters', 'integration.request.header.X-Amz-Invocation-Type').absent &&
      integration.at('ResponseTransferMode').text('BUFFERED') === 'BUFFERED';
    return [
      { api, handler, wait: waits ? integration.at('TimeoutInMillis').number(REST_WAIT_MILLISECONDS) : undefined },
    ];
  });
  const http = template.ofType('AWS::ApiGatewayV2::Integration').flatMap((integration) => {
    const api = template.target(integration.at('Properties', 'ApiId'));
    const handler = functionAt(template, integration.at('Properties', 'IntegrationUri'));
    // A WebSocket caller does not wait for an answer.
    if (!api || !handler || api.at('Properties', 'ProtocolType').text() !== 'HTTP') return [];
    return [{ api, handler, wait: integration.at('Properties', 'TimeoutInMillis').number(HTTP_WAIT_MILLISECONDS) }];
  });
  const all: readonly Integration[] = [...rest, ...http, ...inDefinitions(template)];
  return {
    byApi: grouped(all.map((each) => [each.api, each] as const)),
    byHandler: grouped(all.map((each) => [each.handler, each] as const)),
  };
});

/** The methods of a path in an OpenAPI definition; its other keys are no integrations. */
const METHODS = /^(get|put|post|delete|options|head|patch|trace|x-amazon-apigateway-any-method|any)$/i;

/** The functions behind the paths of an API's own OpenAPI definition. */
function inDefinitions(template: Template): Integration[] {
  return template.ofType('AWS::ApiGateway::RestApi', 'AWS::ApiGatewayV2::Api').flatMap((api) => {
    const rest = api.type === 'AWS::ApiGateway::RestApi';
    const paths = api.at('Properties', 'Body', 'paths').entries();
    const methods = paths.flatMap(([, path]) => path.entries().filter(([method]) => METHODS.test(method)));
    return methods.flatMap(([, method]) => {
      const integration = method.at('x-amazon-apigateway-integration');
      const handler = functionAt(template, integration.at('uri'));
      if (!handler) return [];
      const waits =
        integration.at('requestParameters', 'integration.request.header.X-Amz-Invocation-Type').absent &&
        (integration.at('responseTransferMode').text('BUFFERED') ?? '').toUpperCase() === 'BUFFERED';
      const usual = rest ? REST_WAIT_MILLISECONDS : HTTP_WAIT_MILLISECONDS;
      return [{ api, handler, wait: waits ? integration.at('timeoutInMillis').number(usual) : undefined }];
    });
  });
}
