import { FileTree } from '@kiln/assemble';
import type { SandboxRequest } from '@kiln/build';
import { expect, test } from 'vitest';
import { runImageTest } from './test-run.ts';

/** What the sandbox is asked for of a test with one step. */
async function asked(user: string): Promise<SandboxRequest> {
  const tree = new FileTree();
  tree.mkdirAll('etc', 0o755);
  tree.write('etc/passwd', 'web:x:101:102::/:/bin/sh\n');
  tree.write('etc/group', 'staff:x:50:\n');
  const requests: SandboxRequest[] = [];
  const run = await runImageTest({
    sandbox: {
      async run(request) {
        requests.push(request);
        return { kind: 'exited', exitCode: 0 };
      },
    },
    test: {
      packages: [],
      variables: {},
      steps: [{ kind: 'program', name: 'It starts', words: ['/program'] }],
      timeoutMs: 1000,
    },
    roots: ['/root'],
    tree,
    runtime: { user },
    clock: { now: () => 0 },
    onOutput: () => undefined,
    signal: new AbortController().signal,
  });
  expect(run.passed).toBe(true);
  const [request] = requests;
  if (request === undefined) throw new Error('nothing ran');
  return request;
}

test.each([
  ['', 0, 0],
  ['65532', 65_532, 0],
  ['101', 101, 102],
  ['7:staff', 7, 50],
])('a test of an image with the user "%s" runs as that of its accounts', async (user, uid, gid) => {
  expect(await asked(user)).toMatchObject({ uid, gid });
});

test('an image whose user it does not know is not tested', async () => {
  await expect(asked('nobody')).rejects.toMatchObject({ code: 'IMAGE_USER_INVALID' });
});
