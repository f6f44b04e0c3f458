/** Our signature of a request is that of AWS's own clients, which are the judges here. */
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { type AwsRequest, lambdaCredentials, signedHeaders } from '../../lib/runtime/aws-signature';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a secret', sessionToken: 'a token' };
const region = 'eu-central-1';

/** What a client of AWS would have sent. */
interface Sent {
  readonly method: string;
  readonly hostname: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Takes a request in place of the network. */
function capture(): { readonly handle: (request: Sent) => Promise<never>; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  return {
    sent,
    handle: async (request: Sent) => {
      sent.push(request);
      throw new Error('not sent');
    },
  };
}

/** Signs what the client sent, with the headers that it signed. */
function ours(request: Sent, service: string): Record<string, string> {
  const time = request.headers['x-amz-date'].replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
  const signed = /SignedHeaders=([^,]+)/.exec(request.headers.authorization)![1].split(';');
  const own = ['host', 'x-amz-date', 'x-amz-security-token'];
  const headers = signed
    .filter((name) => !own.includes(name))
    .map((name) => [name, request.headers[name] ?? request.headers[name.toLowerCase()]]);
  const asked: AwsRequest = {
    method: request.method as 'GET' | 'POST',
    service,
    region,
    host: request.hostname,
    path: request.path,
    headers: Object.fromEntries(headers),
    body: request.body,
  };
  return signedHeaders(asked, credentials, new Date(time));
}

test.each([
  [
    'a GET with an ARN in its path',
    'lambda',
    async (requestHandler: ReturnType<typeof capture>) => {
      const client = new LambdaClient({ region, credentials, maxAttempts: 1, requestHandler: requestHandler as never });
      const FunctionName = 'arn:aws:lambda:eu-central-1:111122223333:function:orders';
      await client.send(new GetFunctionCommand({ FunctionName })).catch(() => undefined);
    },
  ],
  [
    'a POST with a body in JSON',
    'dynamodb',
    async (requestHandler: ReturnType<typeof capture>) => {
      const client = new DynamoDBClient({
        region,
        credentials,
        maxAttempts: 1,
        requestHandler: requestHandler as never,
      });
      await client.send(new ListTablesCommand({ Limit: 7 })).catch(() => undefined);
    },
  ],
])('%s', async (_what, service, send) => {
  const handler = capture();
  await send(handler);
  expect(handler.sent).toHaveLength(1);
  const [request] = handler.sent;
  expect(ours(request, service).authorization).toBe(request.headers.authorization);
});

test('another body, path or moment has another signature', () => {
  const request: AwsRequest = { method: 'POST', service: 'glue', region, host: 'glue', path: '/', body: '{}' };
  const sign = (changed: Partial<AwsRequest>, now = new Date(0)) =>
    signedHeaders({ ...request, ...changed }, credentials, now).authorization;
  const all = [
    sign({}),
    sign({ body: '{ }' }),
    sign({ path: '/a' }),
    sign({}, new Date(1000)),
    sign({ service: 's3' }),
  ];
  expect(new Set(all).size).toBe(all.length);
});

test('without credentials in the environment nothing is signed', () => {
  expect(() => lambdaCredentials({ AWS_ACCESS_KEY_ID: 'a' })).toThrow('no credentials');
});
