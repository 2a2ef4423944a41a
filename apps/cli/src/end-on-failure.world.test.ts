import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

test('a start that fails ends its process, with what it had opened', async () => {
  const file = new URL('./end-on-failure.ts', import.meta.url).href;
  const script = `
    import { endOnFailure } from ${JSON.stringify(file)};
    await endOnFailure(async () => {
      setInterval(() => undefined, 1000);
      throw new Error('the database went away');
    });`;
  const ended = run(process.execPath, ['--input-type=module-typescript', '--eval', script]);
  await expect(ended).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the database went away'),
  });
});

test('a start that succeeds goes on', async () => {
  const file = new URL('./end-on-failure.ts', import.meta.url).href;
  const script = `
    import { endOnFailure } from ${JSON.stringify(file)};
    await endOnFailure(async () => void setTimeout(() => console.log('running'), 10));`;
  const { stdout } = await run(process.execPath, [
    '--input-type=module-typescript',
    '--eval',
    script,
  ]);
  expect(stdout).toBe('running\n');
});
