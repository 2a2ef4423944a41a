import { describe, expect, test } from 'vitest';
import { runApko } from './dispatch.ts';
import { apkoSubcommands } from './subcommands.ts';

const loaded = await Promise.all(
  Object.entries(apkoSubcommands).map(async ([name, entry]) => ({
    name,
    entry,
    subcommand: await entry.load(),
  })),
);

async function run(
  ...words: string[]
): Promise<{ readonly code: number; readonly out: string; readonly talk: string }> {
  let out = '';
  let talk = '';
  const code = await runApko(words, {
    print: { data: (text) => void (out += text), talk: (text) => void (talk += text) },
    environment: {},
    clock: { now: () => 1_700_000_000_000 },
    signal: new AbortController().signal,
  });
  return { code, out, talk };
}

describe.each(loaded)('$name', ({ name, entry, subcommand }) => {
  test('calls itself so, and has an example', () => {
    expect(subcommand.name).toBe(name);
    expect(subcommand.summary).toBe(entry.summary);
    expect(subcommand.examples.length).toBeGreaterThan(0);
    for (const example of subcommand.examples) expect(example).toContain(`apko ${name}`);
  });

  test('says what it does, or why it does not', () => {
    expect(subcommand.run !== undefined && subcommand.unsupported !== undefined).toBe(false);
  });

  test('uses a letter for one flag only', () => {
    const letters = Object.values(subcommand.flags).flatMap((flag) => flag.shorthand ?? []);
    expect(new Set([...letters, 'h', 'C']).size).toBe(letters.length + 2);
  });
});

describe('errors', () => {
  test('are one line, with a hint below it', async () => {
    expect(await run('biuld', 'x.yaml')).toEqual({
      code: 1,
      out: '',
      talk: 'Error: unknown command "biuld" for "kiln apko"\n  hint: did you mean build?\n',
    });
    expect(await run('build', 'x.yaml')).toMatchObject({
      code: 1,
      talk: 'Error: accepts 3 arg(s), received 1\n',
    });
  });

  test('say which file is not there', async () => {
    const { code, talk } = await run('show-config', '/nonexistent/x.yaml');
    expect(code).toBe(1);
    expect(talk).toMatch(/^Error: failed to load image configuration: file does not exist\n/);
    expect(talk).toContain('hint: there is no /nonexistent/x.yaml');
  });

  test('say that a password is for a registry, not for a folder in it', async () => {
    const { code, talk } = await run('login', 'registry.example.org/team', '-u', 'a', '-p', 'b');
    expect(code).toBe(1);
    expect(talk).toMatch(/^Error: not the name of a registry\n/);
  });

  test('say what is not supported, and what to use instead', async () => {
    expect((await run('install-keys')).talk).toContain('kiln apko install-keys is not supported');
    const { talk } = await run('publish', '--local', 'x.yaml', 'a:b');
    expect(talk).toContain('--local is not supported');
    expect(talk).toContain('hint: build an archive');
  });

  test('of flags that are not supported are none where their value is the default', async () => {
    const { talk } = await run('publish', '--local=false', '/nonexistent/x.yaml', 'host:1/ab');
    expect(talk).toContain('file does not exist');
  });

  test('say that an address would be of another repository', async () => {
    const { code, talk } = await run('publish', '/nonexistent/x.yaml', 'host:1/team/../ab');
    expect(code).toBe(1);
    expect(talk).toMatch(/^Error: no repository to push to: "host:1\/team\/..\/ab"\n/);
  });
});
