import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';

/**
 * Sends a body chunk by chunk, while the next one is read. Before a chunk after the next is asked for, the system has taken this one, so
 * that its memory may be used again. Throws what reading the first chunk does; what fails later closes the connection, so that the
 * client sees that something is missing; so does a body that is shorter than its `content-length`.
 */
export async function sendBody(
  reply: FastifyReply,
  status: number,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const chunks = body[Symbol.asyncIterator]();
  let chunk = await chunks.next();
  reply.hijack();
  const { raw } = reply;
  const { socket } = reply.request.raw;
  raw.writeHead(status, reply.getHeaders() as Record<string, string>);
  let left = Number(reply.getHeader('content-length'));
  try {
    let before: Promise<void> = Promise.resolve();
    while (chunk.done !== true) {
      await before;
      left -= chunk.value.length;
      before = written(raw, socket, chunk.value);
      // Looked at when the next chunk is there.
      before.catch(() => undefined);
      chunk = await chunks.next();
    }
    await before;
    // A client would wait for what a file lost on the disk.
    if (left > 0) raw.destroy();
    else raw.end();
  } catch {
    raw.destroy();
    await chunks.return?.();
  }
}

/**
 * Throws when the connection is closed first. Node tells nobody of what is written between the end of a connection and the event of
 * it, nor of what waits there for the answer to an earlier request.
 */
function written(raw: ServerResponse, socket: Socket, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = (): void => reject(new Error('the connection is closed'));
    if (socket.closed) return closed();
    socket.once('close', closed);
    raw.write(chunk, (error) => {
      socket.off('close', closed);
      if (error) reject(error);
      else resolve();
    });
  });
}
