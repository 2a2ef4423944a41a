import { describe, expect, test } from 'vitest';
import { runMelange } from './dispatch.ts';

async function run(
  ...words: string[]
): Promise<{ readonly code: number; readonly out: string; readonly talk: string }> {
  let out = '';
  let talk = '';
  const code = await runMelange(words, {
    print: { data: (text) => void (out += text), talk: (text) => void (talk += text) },
    environment: {},
    clock: { now: () => 1_700_000_000_000 },
    signal: new AbortController().signal,
  });
  return { code, out, talk };
}

describe('the subcommand', () => {
  test('is the first word that is no flag’s value', async () => {
    for (const words of [
      ['version'],
      ['--log-level', 'debug', 'version'],
      ['--log-level=debug', 'version'],
      ['--gcplog', 'version'],
      ['version', '--log-level', 'debug'],
    ])
      expect(await run(...words)).toMatchObject({
        code: 0,
        talk: '',
        out: expect.stringContaining('GitVersion:'),
      });
  });

  test('may stand behind its own flags, with their values', async () => {
    const { talk } = await run('--arch', 'x86_64', '-o', 'x', 'rebuild');
    expect(talk).toContain('unknown flag: --arch');
  });

  test('that nobody knows is named, with the nearest', async () => {
    expect(await run('biuld', 'x.yaml')).toEqual({
      code: 1,
      out: '',
      talk: 'ERRO unknown command "biuld" for "kiln melange"\n  hint: did you mean build?\n',
    });
    expect((await run('constructor')).talk).toContain('unknown command "constructor"');
  });

  test('is not needed for help', async () => {
    for (const words of [[], ['--help'], ['-h'], ['help'], ['--help', 'build']]) {
      const { code, out } = await run(...words);
      expect(code).toBe(0);
      expect(out).toContain('Available Commands:');
      expect(out).not.toContain('rebuild');
    }
  });

  test('shows its own help, whatever else is there', async () => {
    for (const words of [
      ['build', '--help'],
      ['build', '-ih', 'x.yaml'],
      ['help', 'build'],
    ]) {
      const { code, out } = await run(...words);
      expect(code).toBe(0);
      expect(out).toContain('kiln melange build [config.yaml] [flags]');
      expect(out).toContain('  -k, --keyring-append strings ');
      expect(out).not.toContain('fail-on-lint-warning');
    }
  });
});

describe('a wrong command line ends with ERRO and 1', () => {
  test.each([
    [['build', '--nope'], 'ERRO unknown flag: --nope\n'],
    [['--nope'], 'ERRO unknown flag: --nope\n'],
    [['version', '--log-level', 'loud'], 'for "--log-level" flag: no such level\n'],
    [['help', 'nope'], 'ERRO unknown command "nope"'],
  ])('%j', async (words, expected) => {
    const { code, talk, out } = await run(...words);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(talk).toContain(expected);
  });
});

test('what stays out says what to use instead', async () => {
  expect(await run('initramfs', '-o', 'x')).toEqual({
    code: 1,
    out: '',
    talk: 'ERRO kiln melange initramfs is not supported\n  hint: there is no qemu runner here, so nothing needs it\n',
  });
});

test('a flag without effect is accepted, and said to have none', async () => {
  expect(await run('version', '--log-policy', 'builtin:stderr,build.log')).toMatchObject({
    code: 0,
    talk: 'INFO --log-policy has no effect: the log goes to standard error\n',
  });
});

test('the log of --gcplog is JSON', async () => {
  const { talk } = await run('source', 'get', 'x.yaml', '--gcplog');
  expect(JSON.parse(talk)).toMatchObject({
    severity: 'ERROR',
    time: '2023-11-14T22:13:20.000Z',
    message: expect.stringContaining('source is not supported'),
  });
});
