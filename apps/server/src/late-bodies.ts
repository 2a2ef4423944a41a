import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refusalBody } from './refused-requests.ts';

/** For a body of some megabytes from this machine. */
const bodyDefaultMs = 60_000;

/**
 * Ends requests whose body is not there after `bodyMs`, however slowly it comes. Routes that read their bodies themselves, as
 * they come, have limits of their own. For routes that are registered afterwards.
 */
export function endLateBodies(server: FastifyInstance, bodyMs: number = bodyDefaultMs): void {
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
