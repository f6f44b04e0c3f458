/** A receiver of the torture run: the shipped program, on the port of its place; it says when it takes deliveries. */
const { connect } = require('node:net');

const PORT = process.env.PORTS.split(',')[Number(process.env.HOSTNAME.replace('pod-', ''))];
process.env.PORT = PORT;
require('../../../dist/runtime/webhook-receiver-kafka');

function look() {
  const socket = connect(Number(PORT), '127.0.0.1', () => {
    socket.destroy();
    console.log(JSON.stringify({ ready: true }));
  });
  socket.once('error', () => setTimeout(look, 50));
}
look();
