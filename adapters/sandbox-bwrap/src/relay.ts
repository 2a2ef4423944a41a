import net from 'node:net';

/**
 * A program: takes connections to a port of the loopback interface and hands each on to a Unix socket, byte for byte.
 *
 *   node relay.ts PORT SOCKET
 *
 * Writes `ready` once it listens. It ends with the namespaces that it runs in.
 */
const [port, socket = ''] = process.argv.slice(2);

const server = net.createServer({ allowHalfOpen: true }, (inside) => {
  const outside = net.connect({ path: socket, allowHalfOpen: true });
  inside.pipe(outside).pipe(inside);
  // Either end that breaks breaks the other: whoever is there sees a connection that was reset.
  inside.on('error', () => outside.destroy());
  outside.on('error', () => inside.destroy());
  inside.on('close', () => outside.destroy());
  outside.on('close', () => inside.destroy());
});

server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
