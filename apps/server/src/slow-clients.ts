import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refusalBody } from './refused-requests.ts';

export interface SlowClientLimits {
  /** For a body of some megabytes from this machine, however slowly it comes. */
  readonly bodyMs: number;
  /** Without a byte in either direction: who follows a log may wait for long, and who asks for compositions may think in between. */
  readonly silentMs: number;
}

const limitsDefault: SlowClientLimits = { bodyMs: 60_000, silentMs: 60 * 60_000 };

/**
 * Ends requests whose body is not there in time, and closes connections on which nothing comes or goes. Routes that read their
 * bodies themselves, as they come, may set limits of their own. For routes that are registered afterwards.
 */
export function endSlowClients(
  server: FastifyInstance,
  { bodyMs, silentMs }: SlowClientLimits = limitsDefault,
): void {
  // Node destroys a connection whose time is over.
  server.server.setTimeout(silentMs);
  const timers = new WeakMap<FastifyRequest, NodeJS.Timeout>();
  const arrived = async (request: FastifyRequest): Promise<void> =>
    clearTimeout(timers.get(request));
  server.addHook('onRequest', async (request, reply) => {
    if (request.method === 'GET' || request.method === 'HEAD') return;
    const late = (): void =>
      void reply
        .code(408)
        .header('connection', 'close')
        .send(refusalBody(request, 'API_INVALID', 'the body of the request did not come in time'));
    timers.set(request, setTimeout(late, bodyMs));
  });
  server.addHook('preValidation', arrived);
  server.addHook('onResponse', arrived);
}
