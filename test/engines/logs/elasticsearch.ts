/**
 * Stands in for Elasticsearch: as much of its API as Filebeat speaks, over TLS, with an API key; documents are kept by
 * index, and those that a mapping would refuse are refused.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { selfSigned } from '../../support/certificate';

/** Of the images that the library names. */
const VERSION = '8.17.10';

/** A running stand-in. */
export interface Elasticsearch {
  readonly port: number;
  /** PEM of the certificate that it shows. */
  readonly certificateFile: string;
  /** Documents by index. */
  readonly indices: ReadonlyMap<string, Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** Starts one that lets this key in and refuses these messages for `logs`, whatever index that is. */
export async function startElasticsearch(
  folder: string,
  apiKey: string,
  refused: (index: string, message: string) => boolean,
): Promise<Elasticsearch> {
  const { keyFile, certificateFile } = selfSigned(folder, 'DNS:localhost');
  const indices = new Map<string, Record<string, unknown>[]>();
  const authorization = `ApiKey ${Buffer.from(apiKey).toString('base64')}`;
  const server: Server = createServer(
    { key: readFileSync(keyFile), cert: readFileSync(certificateFile) },
    async (request, response) => {
      const answer = (status: number, body: unknown) =>
        response
          .writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
          .end(JSON.stringify(body));
      const body = await bodyOf(request);
      if (request.headers.authorization !== authorization) return answer(401, { error: 'unauthorized' });
      const path = (request.url ?? '').split('?')[0];
      if (path === '/') return answer(200, { version: { number: VERSION, build_flavor: 'default' } });
      if (path === '/_license') return answer(200, { license: { status: 'active', type: 'basic', uid: '1' } });
      if (path === '/_bulk') return answer(200, bulk(body, indices, refused));
      return answer(404, { error: `not stood in for: ${path}` });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    certificateFile,
    indices,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const whole = Buffer.concat(chunks);
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(whole) : whole).toString();
}

function bulk(
  body: string,
  indices: Map<string, Record<string, unknown>[]>,
  refused: (index: string, message: string) => boolean,
): unknown {
  const lines = body.split('\n').filter((line) => line !== '');
  const items = [];
  for (let at = 0; at < lines.length; at += 2) {
    const [[operation, { _index: index }]] = Object.entries<{ _index: string }>(JSON.parse(lines[at]));
    const document = JSON.parse(lines[at + 1]);
    if (refused(index, document.message)) {
      const error = { type: 'document_parsing_exception', reason: 'failed to parse field [message]' };
      items.push({ [operation]: { status: 400, error } });
      continue;
    }
    indices.set(index, [...(indices.get(index) ?? []), document]);
    items.push({ [operation]: { status: 201 } });
  }
  return { errors: items.some((item) => Object.values(item)[0].status >= 400), items };
}
