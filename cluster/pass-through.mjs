// Passes connections on, as a load balancer does: each to the next of the targets that takes it. Arguments: port, then the targets' ports.
// A process of its own, so that what passes through does not wait for who measures it.
import { connect, createServer } from 'node:net';

const HOST = '127.0.0.1';
const [port, ...targets] = process.argv.slice(2).map(Number);
let next = 0;

const server = createServer({ noDelay: true }, (client) => {
  client.on('error', () => client.destroy());
  next = (next + 1) % targets.length;
  passOn(client, [...targets.slice(next), ...targets.slice(0, next)]);
});

function passOn(client, [target, ...others]) {
  if (target === undefined || client.destroyed) {
    client.destroy();
    return;
  }
  const frontend = connect({ port: target, host: HOST, noDelay: true });
  frontend.once('connect', () => {
    frontend.off('error', tryAnother);
    frontend.on('error', () => frontend.destroy());
    client.once('close', () => frontend.destroy());
    frontend.once('close', () => client.destroy());
    client.pipe(frontend).pipe(client);
  });
  const tryAnother = () => passOn(client, others);
  frontend.once('error', tryAnother);
}

server.listen(port, HOST);
