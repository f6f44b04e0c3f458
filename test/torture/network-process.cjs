/**
 * The network between an engine and all others in a torture run, as a process of its own: a port in front of each port of the
 * engine. While it is cut nothing passes either way and nothing is lost, as where packets are dropped and sent again: connections
 * stay open, new ones are not answered, and neither side hears that the other one has gone.
 */
const { connect, createServer } = require('node:net');

const HOST = '127.0.0.1';
/** Both sides of each connection. */
const sockets = new Set();
/** What has to wait until the network is there again. */
let delayed = [];
let isCut = false;

const whenThere = (act) => {
  if (isCut) delayed.push(act);
  else act();
};

function join(near, target) {
  whenThere(() => {
    if (near.destroyed) return;
    const far = connect(target, HOST);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk) => {
        if (!to.write(chunk)) from.pause();
      });
      from.on('drain', () => whenThere(() => to.resume()));
      from.on('end', () => whenThere(() => to.end()));
      from.on('error', () => {});
      from.on('close', (hasFailed) => {
        sockets.delete(from);
        // Nobody listens, or one side has broken the connection off; otherwise both have ended.
        if (hasFailed) whenThere(() => to.resetAndDestroy());
      });
    }
    // It was held when it came.
    near.resume();
  });
}

function cut(isNowCut) {
  isCut = isNowCut;
  for (const socket of sockets) isCut ? socket.pause() : socket.resume();
  if (isCut) return;
  const acts = delayed;
  delayed = [];
  for (const act of acts) act();
}

process.on('message', async ({ routes, isCut: isNowCut }) => {
  if (isNowCut !== undefined) cut(isNowCut);
  const ports = await Promise.all((routes ?? []).map(listen));
  process.send({ ports });
});

function listen({ target, port = 0 }) {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) => {
    near.on('error', () => {});
    join(near, target);
  });
  return new Promise((resolve) => server.listen(port, HOST, () => resolve(server.address().port)));
}

// It ends with the run.
process.on('disconnect', () => process.exit(0));
