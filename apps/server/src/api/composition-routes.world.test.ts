import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { compositionRoutes, type CompositionPort } from './composition-routes.ts';

const port: CompositionPort = {
  async *compose(compositions) {
    for await (const { base } of compositions)
      yield { kind: 'refused', code: 'READ', message: base, hint: '' };
  },
};

async function answerTo(line: string): Promise<unknown> {
  const server = Fastify();
  compositionRoutes(server, port);
  const headers = { 'content-type': 'application/x-ndjson' };
  const answer = await server.inject({
    method: 'POST',
    url: '/compositions',
    payload: line,
    headers,
  });
  return JSON.parse(answer.body);
}

test('a name with a NUL is refused', async () => {
  for (const names of [
    { base: 'a\0', repository: 'b' },
    { base: 'a', repository: '\0' },
    { base: 'a', repository: 'b', tags: ['t\0'] },
  ])
    expect(await answerTo(`${JSON.stringify(names)}\n`)).toMatchObject({
      error: { code: 'COMPOSE_BODY_INVALID', message: expect.stringMatching(/: has a NUL$/) },
    });
});
