import type { IncomingMessage } from 'node:http';

/**
 * The body of a request as it arrives; whoever stops early leaves the rest unread. A connection on which nothing arrives
 * for `idleMs` is closed, so that a silent client holds neither a connection nor its upload; what had arrived counts
 * as that of a connection that broke.
 */
export async function* receivedBody(
  message: IncomingMessage,
  idleMs: number,
): AsyncIterable<Uint8Array> {
  const { socket } = message;
  // Node destroys a connection whose time is over, and sets its own limit when the answer was sent.
  socket.setTimeout(idleMs);
  try {
    for await (const chunk of message.iterator({ destroyOnReturn: false }))
      yield chunk as Uint8Array;
  } finally {
    socket.setTimeout(0);
  }
}
