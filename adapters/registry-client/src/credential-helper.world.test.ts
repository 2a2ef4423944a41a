import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('a helper that cannot be started for want of descriptors is said not to be, and ends nothing else', () => {
  const program = `
    import { openSync } from 'node:fs';
    import { CredentialHelper } from ${JSON.stringify(new URL('credential-helper.ts', import.meta.url))};
    try { for (;;) openSync('/dev/null', 'r'); } catch {}
    const asked = new CredentialHelper('none').get('a', { environment: {} });
    await asked.catch(({ code, message }) => console.log(code, message));
  `;
  const words = ['-c', 'ulimit -n 64 && exec "$0" --input-type=module -e "$1"'];
  const said = execFileSync('sh', [...words, process.execPath, program], { encoding: 'utf8' });
  expect(said).toBe('REGISTRY_CLIENT_CREDENTIALS docker-credential-none could not be run\n');
});
