import { KilnError } from '@kiln/base';
import { expect, test } from 'vitest';
import {
  judgeNetwork,
  networkVariables,
  networkDependencies,
  networkRecord,
  parseNetworkRecord,
  requestKey,
  type ObservedAnswer,
  type ObservedNetwork,
} from './network.ts';
import type { BuildFailure } from './outcome.ts';

const digest = (letter: string): `sha256:${string}` => `sha256:${letter.repeat(64)}`;

function answer(url: string, more: Partial<ObservedAnswer> = {}): ObservedAnswer {
  return {
    request: { method: 'GET', url, headers: {} },
    status: 200,
    headers: {},
    content: { digest: digest('a'), sizeBytes: 3 },
    ...more,
  };
}

const post: ObservedAnswer = answer('https://example.org/b', {
  request: { method: 'POST', url: 'https://example.org/b', headers: {}, sent: digest('c') },
});

test('a record is ordered, has each request once, and survives as JSON', () => {
  const [a, b] = [answer('https://example.org/a'), answer('https://example.org/b')];
  const record = networkRecord([post, b, a, b]);
  expect(record).toEqual(networkRecord([a, b, post]));
  expect(record.answers.map(({ request }) => request.url.slice(-1))).toEqual(['a', 'b', 'b']);
  expect(parseNetworkRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
});

test('a later answer to a request takes the place of an earlier one', () => {
  const newer = answer('https://example.org/a', { status: 404 });
  expect(networkRecord([answer('https://example.org/a'), newer]).answers).toEqual([newer]);
});

test.for([
  ['nothing', null],
  ['a list', []],
  ['another version', { version: 2, answers: [] }],
  ['another scheme', { version: 1, answers: [answer('file:///etc/passwd')] }],
  ['another method', { version: 1, answers: [{ ...post, request: { method: 'PUT' } }] }],
  ['no digest', { version: 1, answers: [{ ...post, content: { digest: 'x', sizeBytes: 1 } }] }],
  ['a header that is no text', { version: 1, answers: [{ ...post, headers: { a: 1 } }] }],
] as const)('%s is no record', ([, value]) => {
  expect(parseNetworkRecord(value)).toBeUndefined();
});

test('requests differ by what decides their answer', () => {
  const request = { method: 'GET', url: 'https://example.org/', headers: {} } as const;
  const keys = [
    requestKey(request),
    requestKey({ ...request, method: 'HEAD' }),
    requestKey({ ...request, headers: { accept: 'a/b' } }),
    requestKey({ ...request, method: 'POST', sent: digest('a') }),
    requestKey({ ...request, method: 'POST', sent: digest('b') }),
  ];
  expect(new Set(keys).size).toBe(5);
});

test('what was given is a dependency, what was not is none', () => {
  const head = answer('https://example.org/h', {
    request: { method: 'HEAD', url: 'https://example.org/h', headers: {} },
  });
  const record = networkRecord([
    answer('https://example.org/a'),
    answer('https://example.org/absent', { status: 404 }),
    head,
    post,
  ]);
  expect(networkDependencies(record)).toEqual([
    { uri: 'https://example.org/a', digest: digest('a') },
    { uri: 'https://example.org/b', digest: digest('a') },
  ]);
});

const position = { file: 'a.yaml', line: 1, column: 1 };
const failed: BuildFailure = {
  kind: 'failed',
  code: 'BUILD_STEP_FAILED',
  message: 'step "a: b" ended with exit code 1',
  position,
  hint: 'its log says why',
  findings: ['last line'],
};

function network(more: Partial<ObservedNetwork>): ObservedNetwork {
  return {
    relay: { port: 1, socket: '/s' },
    mounts: [],
    variables: {},
    options: {},
    refusals: [],
    trouble: undefined,
    unsteady: false,
    record: () => networkRecord([]),
    close: () => Promise.resolve(),
    ...more,
  };
}

test('the way out is in the environment of steps, and options are added to the recipe’s', () => {
  const base = { HOME: '/home/build', HTTP_PROXY: 'of the recipe', OPTIONS: '-Xmx1g' };
  const way = {
    variables: { HTTP_PROXY: 'of the build' },
    options: { OPTIONS: '-Da=b', MORE: '-Dc' },
  };
  expect(networkVariables(base, way)).toEqual({
    HOME: '/home/build',
    HTTP_PROXY: 'of the build',
    OPTIONS: '-Xmx1g -Da=b',
    MORE: '-Dc',
  });
  expect(networkVariables(base, undefined)).toBe(base);
});

test('what the network refused explains a step that failed, and nothing else', () => {
  const refusing = network({ refusals: ['no such host'] });
  expect(judgeNetwork(refusing, failed, position)).toMatchObject({
    code: 'BUILD_STEP_FAILED',
    findings: ['last line', 'network: no such host'],
    hint: expect.stringContaining('network') as string,
  });
  expect(judgeNetwork(refusing, undefined, position)).toBeUndefined();
  expect(judgeNetwork(network({}), failed, position)).toEqual(failed);
  expect(judgeNetwork(undefined, failed, position)).toBe(failed);
});

test('a step that failed while a server was in trouble may succeed later', () => {
  const unsteady = network({ unsteady: true });
  expect(judgeNetwork(unsteady, failed, position)).toEqual({ ...failed, retry: 'later' });
  const wrong = { ...failed, code: 'BUILD_ASSERTION_FAILED' } as const;
  expect(judgeNetwork(unsteady, wrong, position)).toEqual(wrong);
});

test('another answer than the known one ends a build whose steps did not mind', () => {
  const trouble = new KilnError('NETWORK_CHANGED', 'it changed', { hint: 'find out' });
  for (const result of [undefined, failed])
    expect(judgeNetwork(network({ trouble }), result, position)).toMatchObject({
      code: 'BUILD_NETWORK_REFUSED',
      message: 'it changed',
      hint: 'find out',
      position,
    });
});
