/** A service that rebuilds keys: what its answers mean. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpInvalidator } from '../../../lib/runtime/coalescer/http';

const KEYS = [
  { key: 'a', id: '1', value: 'x', events: 3, first: 0, since: 0 },
  { key: 'b', id: '2', events: 1, first: 1, since: 0 },
];

describe('answers of a service', () => {
  let server: Server;
  let url = '';
  let answer: { status: number; text: string; location?: string };
  const got: { authorization?: string; body: unknown }[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk) => {
        text += chunk;
      });
      request.on('end', () => {
        got.push({ authorization: request.headers.authorization, body: JSON.parse(text) });
        response.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location });
        response.end(answer.text);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  test.each([
    [200, '', {}],
    [204, '', {}],
    [200, '{"failed":["b"]}', { failed: ['b'] }],
    [429, '', { busy: ['a', 'b'] }],
    [503, '', { busy: ['a', 'b'] }],
  ])('%d %s', async (status, text, outcome) => {
    answer = { status, text };
    await expect(new HttpInvalidator(url, 5).invalidate(KEYS)).resolves.toEqual(outcome);
  });

  // The service has named no key: what failed is the call.
  test.each([
    [500, ''],
    [404, ''],
    [200, '{"failed":["b","z"]}'],
    [200, '<html>'],
  ])('%d %s is the failure of the call', async (status, text) => {
    answer = { status, text };
    await expect(new HttpInvalidator(url, 5).invalidate(KEYS)).rejects.toThrow();
  });

  test('every key once, with its last value and its events, and the header when there is one', async () => {
    answer = { status: 200, text: '' };
    await new HttpInvalidator(url, 5, 'Bearer x').invalidate(KEYS);
    expect(got[got.length - 1]).toEqual({
      authorization: 'Bearer x',
      body: {
        keys: [
          { key: 'a', id: '1', value: 'x', events: 3 },
          { key: 'b', id: '2', events: 1 },
        ],
      },
    });
  });

  // The header would go to wherever it points.
  test('a redirect is not followed', async () => {
    answer = { status: 302, text: '', location: url };
    await expect(new HttpInvalidator(url, 5, 'Bearer x').invalidate(KEYS)).rejects.toThrow();
  });
});
