import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('git that cannot be started for want of descriptors is said not to be, or passed over', () => {
  const from = (module: string): string => JSON.stringify(new URL(module, import.meta.url));
  const program = `
    import { openSync } from 'node:fs';
    import { gitChanges } from ${from('git-changes.ts')};
    import { gitHead } from ${from('git-head.ts')};
    try { for (;;) openSync('/dev/null', 'r'); } catch {}
    await gitChanges('/', 'HEAD').catch(({ message }) => console.log(message));
    console.log(await gitHead('/'));
  `;
  const words = ['-c', 'ulimit -n 64 && exec "$0" --input-type=module -e "$1"'];
  const said = execFileSync('sh', [...words, process.execPath, program], { encoding: 'utf8' });
  expect(said).toBe('cannot run git\nundefined\n');
});
