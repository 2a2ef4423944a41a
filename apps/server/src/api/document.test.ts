import { expect, test } from 'vitest';
import { openapiDocument } from './document.ts';

interface Operation {
  readonly requestBody?: { readonly content: object };
  readonly responses: Readonly<Record<string, { readonly content?: object }>>;
}

const { paths } = (await openapiDocument()) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
);

test.each(operations)('%s says what it takes, answers and refuses', (name, operation) => {
  expect(name.startsWith('post ')).toBe(operation.requestBody !== undefined);
  // An answer that there is nothing new has no content.
  const { '304': _, ...responses } = operation.responses;
  for (const { content } of Object.values(responses))
    expect(Object.keys(content ?? {}).length).toBeGreaterThan(0);
  expect(Object.keys(responses)).toEqual(['200', '4XX', '5XX']);
});

test('what is streamed has its media type', () => {
  const types = operations.flatMap(([name, { responses }]) =>
    Object.keys(responses['200']?.content ?? {}).map((type) => [name, type]),
  );
  expect(types.filter(([, type]) => type !== 'application/json')).toEqual([
    ['post /api/compositions', 'application/x-ndjson'],
    ['get /api/images/{name}/sbom', 'application/spdx+json'],
    ['get /api/images/{name}/sbom', 'application/vnd.cyclonedx+json'],
    ['get /api/keys/{key}/log', 'text/plain'],
    ['get /api/events', 'text/event-stream'],
  ]);
  expect(Object.keys(paths['/api/compositions']?.['post']?.requestBody?.content ?? {})).toEqual([
    'application/x-ndjson',
  ]);
});
