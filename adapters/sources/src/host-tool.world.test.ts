import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('a tool that cannot be started for want of descriptors is said not to be, and ends nothing else', () => {
  const program = `
    import { openSync } from 'node:fs';
    import { runHostTool } from ${JSON.stringify(new URL('host-tool.ts', import.meta.url))};
    try { for (;;) openSync('/dev/null', 'r'); } catch {}
    console.log(await runHostTool({ argv: ['true'], directory: '/' }));
  `;
  const { stdout, stderr, status } = spawnSync(
    'sh',
    ['-c', 'ulimit -n 64 && exec "$0" --input-type=module -e "$1"', process.execPath, program],
    { encoding: 'utf8' },
  );
  expect({ stdout, stderr, status }).toEqual({
    stdout: 'spawn prlimit EMFILE\n',
    stderr: '',
    status: 0,
  });
});
