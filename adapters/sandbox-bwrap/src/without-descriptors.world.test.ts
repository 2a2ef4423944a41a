import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** What a process says that calls a function of a module while it has no descriptor left. */
function said(module: string, call: string): unknown {
  const program = `
    import { openSync } from 'node:fs';
    import * as called from ${JSON.stringify(new URL(module, import.meta.url))};
    try { for (;;) openSync('/dev/null', 'r'); } catch {}
    await called.${call}.catch(({ code, retry, message }) => console.log(code, retry, message));
  `;
  const { stdout, stderr, status } = spawnSync(
    'sh',
    ['-c', 'ulimit -n 64 && exec "$0" --input-type=module -e "$1"', process.execPath, program],
    { encoding: 'utf8' },
  );
  return { stdout, stderr, status };
}

test.each(['none', 'inherit'])(
  'a sandbox (terminal: %s) that cannot be started for want of descriptors is said not to be, and ends nothing else',
  (terminal) => {
    const chain = JSON.stringify({ argv: ['setpriv'], options: [], terminal });
    expect(said('contained.ts', `runContained(${chain}, { timeoutMs: 1000 })`)).toEqual({
      stdout: 'SANDBOX_SETUP_FAILED later the sandbox did not start: spawn setpriv EMFILE\n',
      stderr: '',
      status: 0,
    });
  },
);

test('attributes that cannot be read for want of descriptors are said not to be', () => {
  expect(said('extended-attributes.ts', `readExtendedAttributes('/')`)).toEqual({
    stdout:
      'WORKSPACE_ATTRIBUTES_UNREADABLE never the extended attributes of a tree cannot be read: Error: spawn tar EMFILE\n',
    stderr: '',
    status: 0,
  });
});
