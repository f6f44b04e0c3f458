/**
 * A consumer of the torture run on Redis: the shipped sender, and in the same process the provider that it sends to, which
 * has the effect of a letter, once for each `Idempotency-Key`.
 */
const { createServer } = require('node:http');
const { handle } = require('../handler.cjs');

const port = process.env.METRICS_PORTS.split(',')[Number(process.env.HOSTNAME.split('-').at(-1))];

const provider = createServer((request, response) => {
  // How a sender opens a connection.
  if (request.method === 'HEAD') return void response.end();
  let text = '';
  request.setEncoding('utf8').on('data', (part) => (text += part));
  request.on('end', async () => {
    const { id, text: body } = JSON.parse(text);
    await handle(body, request.headers['idempotency-key']).then(
      () => response.end(JSON.stringify({ id })),
      () => response.writeHead(422).end(),
    );
  });
});

/** Kubernetes sends a pod nothing before its probe of readiness has passed. */
async function untilReady() {
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
  if (answer?.ok) console.log(JSON.stringify({ ready: true }));
  // One that was told to end before it was ready ends.
  else setTimeout(untilReady, 100).unref();
}

provider.listen(0, '127.0.0.1', () => {
  process.env.PROVIDER_URL = `http://127.0.0.1:${provider.address().port}/`;
  process.env.METRICS_PORT = port;
  require('../../../dist/runtime/sender-container');
  void untilReady();
});
// It ends with its sender.
provider.unref().on('connection', (socket) => socket.unref());
