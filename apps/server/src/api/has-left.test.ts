import { jsonLogger, systemClock } from '@kiln/base';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { refusing } from '../refused-requests.ts';
import { apiPlugin } from './plugin.ts';
import type { ApiOptions } from './routes.ts';

test.each(['/api/gc', '/elsewhere'])(
  'of a client that goes away in the middle of a request to %s nothing is logged',
  async (url) => {
    const lines: string[] = [];
    const log = jsonLogger((line) => lines.push(line), systemClock, {});
    const api = new Proxy({}, { get: () => ({}) }) as ApiOptions;
    let stays = true;
    const server = Fastify();
    server.setErrorHandler(refusing(log));
    server.addHook('preValidation', async ({ raw }) => {
      if (!stays) Object.defineProperty(raw, 'destroyed', { value: true });
      throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    });
    server.post('/elsewhere', () => '');
    await server.register(async (scope) => apiPlugin(scope, { api, log }), { prefix: '/api' });
    const ask = (): Promise<unknown> =>
      server.inject({ method: 'POST', url, headers: { host: 'localhost' }, payload: {} });
    await ask();
    expect(lines).toHaveLength(1);
    stays = false;
    await ask();
    expect(lines).toHaveLength(1);
    await server.close();
  },
);
