import { expect, test } from 'vitest';
import { RegistryConnection } from './connection.ts';

test.each([
  ['registry.example.org', 'https://registry.example.org/v2/a'],
  ['index.docker.io', 'https://registry-1.docker.io/v2/a'],
  ['localhost:5000', 'http://localhost:5000/v2/a'],
  ['registry.localhost:5000', 'http://registry.localhost:5000/v2/a'],
  ['127.0.0.1', 'http://127.0.0.1/v2/a'],
  ['[::1]:5000', 'http://[::1]:5000/v2/a'],
  ['localhost.example.org', 'https://localhost.example.org/v2/a'],
  ['10.0.0.1:5000', 'https://10.0.0.1:5000/v2/a'],
])('%s is asked at %s', (registry, base) => {
  const connection = new RegistryConnection({
    registry,
    repository: 'a',
    access: 'pull',
    credential: async () => undefined,
    signal: new AbortController().signal,
  });
  expect(connection.base).toBe(base);
});
