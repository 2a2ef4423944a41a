import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HostBuild, type Result } from './host-build.ts';

/** What recipes name, in real sandboxes: words of recipes are data, whatever characters are in them. */

let host: HostBuild;

beforeAll(() => {
  host = new HostBuild();
});

afterAll(() => host.remove());

const run = (recipe: string): Promise<Result> =>
  host.run({ recipe: `package: {name: bad, version: "1"}\n${recipe}` });

describe('a traversal by uses', () => {
  test.each(['../x', '/etc/x', 'split/../../x', 'fetch/', 'a//b', '..', '.', 'fetch\\x'])(
    '%j is no name of a pipeline',
    async (name) => {
      const uses = JSON.stringify(name);
      await expect(run(`pipeline: [{uses: ${uses}}]\n`)).rejects.toMatchObject({
        code: expect.stringMatching(/^RECIPE_(?:INVALID|PIPELINE_UNKNOWN)$/) as string,
      });
      const nested = `pipeline: [{pipeline: [{uses: ${uses}}]}]\n`;
      await expect(run(nested)).rejects.toMatchObject({
        code: expect.stringMatching(/^RECIPE_(?:INVALID|PIPELINE_UNKNOWN)$/) as string,
      });
    },
  );
});

describe('shell metacharacters in a working-directory', () => {
  test.each([
    'a b',
    "it's",
    'say "so"',
    '$(touch pwned)',
    '`touch pwned`',
    '; touch pwned;',
    "'; touch pwned; '",
    '$HOME',
    '*',
    '-n',
    'a & touch pwned',
    'ümläut',
  ])('%j is a directory of that name', async (name) => {
    const { outcome, log } = await run(
      `pipeline:
  - {working-directory: ${JSON.stringify(name)}, runs: 'echo "at $PWD"'}
  - {runs: 'find . -name pwned; ls -A'}
`,
    );
    expect(outcome.kind).toBe('built');
    expect(log.join('\n')).toContain(`at /home/build/${name}`);
    expect(log.filter((line) => /^(\.\/)?(.*\/)?pwned$/.test(line))).toEqual([]);
  });
});

describe('names of patches', () => {
  test.each([
    ['/etc/passwd', /no such patch|escapes|does not apply|Only garbage/i],
    ['../../etc/passwd', /no such patch|escapes|does not apply|Only garbage/i],
    ['"$(touch /home/build/pwned)"', /shell characters/],
    ['a.patch;touch pwned', /shell characters|no such patch/],
    ['-R', /no such patch|./],
  ])('%j does not get past the step', async (name, message) => {
    const { outcome, log } = await run(
      `pipeline: [{uses: patch, with: {patches: ${JSON.stringify(name)}}}]\n`,
    );
    expect(outcome).toMatchObject({ kind: 'failed', code: 'BUILD_STEP_FAILED' });
    expect(log.join('\n')).toMatch(message);
  });
});

describe('a licence path', () => {
  const licence = (path: string, script = 'true'): Promise<Result> =>
    host.run({
      recipe: `package:
  name: bad
  version: "1"
  copyright: [{license: Own, license-path: ${JSON.stringify(path)}}]
pipeline: [{runs: ${JSON.stringify(script)}}]
`,
    });

  test.each([
    ['of nothing', 'NONE', 'true'],
    ['of a command', '$(echo x > /home/build/pwned; echo pwned)', 'true'],
    ['of another command', "x'; cat /etc/passwd; '", 'true'],
    ['of a directory', 'd', 'mkdir d'],
    ['of more than a mebibyte', 'big', 'head -c 1100000 /dev/zero > big'],
  ])('%s is refused', async (_what, path, script) => {
    const { outcome } = await licence(path, script);
    expect(outcome).toMatchObject({ kind: 'failed', code: 'BUILD_LICENSE_UNREADABLE' });
  });

  test.each(['../../etc/passwd', '/etc/passwd', 'a/../../b'])(
    '%j out of the workspace is refused with the recipe',
    async (path) => {
      await expect(licence(path)).rejects.toMatchObject({ code: 'RECIPE_INVALID' });
    },
  );

  test('through a link out of the workspace reads the guest, never the host', async () => {
    const { outcome } = await licence('link', 'ln -s /no/such/file link');
    expect(outcome).toMatchObject({ kind: 'failed', code: 'BUILD_LICENSE_UNREADABLE' });
  });

  test('of a pipe does not hang the build', async () => {
    const { outcome } = await licence('fifo', 'mkfifo fifo');
    expect(outcome).toMatchObject({ kind: 'failed', code: 'BUILD_LICENSE_UNREADABLE' });
  });

  test('with blanks and quotes is a name', async () => {
    const { outcome } = await licence(
      'it\'s a "text" $HOME',
      'echo mine > "it\'s a \\"text\\" \\$HOME"',
    );
    expect(outcome.kind).toBe('built');
  });
});
