import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './command.ts';
import { clientStamp, installClients } from './install.ts';
import { locked } from './lock.ts';

describe('installing strangers’ clients', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kiln-install-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('installs once, however many ask, and notices that it is done', async () => {
    const said: string[] = [];
    const ask = (): Promise<Readonly<Record<'umoci', string>>> =>
      installClients(['umoci'], { directory, say: (line) => said.push(line) });
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(second).toEqual(first);
    expect(said.filter((line) => line.startsWith('installing'))).toHaveLength(1);
    const stamp = await clientStamp(first.umoci);
    expect(await run(first.umoci, ['--version'])).toContain(stamp.version.split('+')[0]);
    expect(await ask()).toEqual(first);
    expect(await readdir(directory)).not.toContain(expect.stringContaining('.partial'));
  });

  it('lets one at a time past a lock', async () => {
    const log = join(directory, 'log');
    await writeFile(log, '');
    const append = (text: string): Promise<void> => writeFile(log, text, { flag: 'a' });
    const step = (): Promise<void> =>
      locked(join(directory, 'lock'), async () => {
        await append('in ');
        await append('out ');
      });
    await Promise.all([step(), step(), step()]);
    expect(await readFile(log, 'utf8')).toBe('in out in out in out ');
  });

  it('says which program is missing or failed, and how', async () => {
    await expect(run('no-such-program-here', [])).rejects.toMatchObject({
      code: 'CLIENT_COMMAND_MISSING',
    });
    const failed = run('sh', ['-c', 'echo because >&2; exit 3']);
    await expect(failed).rejects.toThrow('exited with 3: because');
    await expect(clientStamp(join(directory, 'bin/x'))).rejects.toMatchObject({
      code: 'CLIENT_NOT_INSTALLED',
    });
  });
});
