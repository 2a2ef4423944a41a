import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HostBuild, type Result } from './host-build.ts';

/** Steps that do what steps should not, in real sandboxes. */

let host: HostBuild;

beforeAll(() => {
  host = new HostBuild();
});

afterAll(() => host.remove());

async function run(script: string, more = ''): Promise<Result> {
  const indented = script.replaceAll('\n', '\n      ');
  return host.run({
    recipe: `package:\n  name: bad\n  version: "1"\n${more}pipeline:\n  - runs: |\n      ${indented}\n`,
  });
}

/** Seconds to sleep that no other process does, such as another clone's tests beside these: of a number, with this process's. */
const asleep = (seconds: number): string => `${seconds}.${process.pid}`;

function processes(marker: string): number {
  const lines = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.startsWith(`sleep ${marker}`)).length;
}

test('a step that fails says its last lines', async () => {
  const { outcome } = await run('for i in $(seq 50); do echo "line $i"; done; exit 3');
  expect(outcome).toMatchObject({
    kind: 'failed',
    code: 'BUILD_STEP_FAILED',
    position: { line: 5 },
  });
  expect(outcome).toHaveProperty('findings.0', 'line 31');
  expect(outcome).toHaveProperty('findings.19', 'line 50');
});

test('a step that hangs is ended with all it started, and says what it said last', async () => {
  const seconds = asleep(98801);
  const hang = `(setsid sleep ${seconds} &); trap "" TERM INT HUP; echo waiting; sleep ${seconds}; wait`;
  const { outcome } = await run(hang, '  timeout: 2s\n');
  expect(outcome).toMatchObject({ code: 'BUILD_TIMED_OUT', findings: ['waiting'] });
  expect(processes(seconds)).toBe(0);
});

test('a step that forks without end is ended with all it started', async () => {
  const seconds = asleep(98802);
  const { outcome } = await run(`while sleep ${seconds} & do :; done`, '  timeout: 1s\n');
  expect(outcome).toMatchObject({ kind: 'failed' });
  expect(processes(seconds)).toBe(0);
  expect((await run('true')).outcome).toMatchObject({ kind: 'built' });
});

test('a step that tries the network cannot reach it, and is told so', async () => {
  const { outcome } = await run('exec 3<>/dev/tcp/example.org/443');
  expect(outcome).toMatchObject({
    code: 'BUILD_STEP_FAILED',
    hint: expect.stringMatching(/steps have no network/) as string,
  });
});

test('a step cannot make a device node', async () => {
  const { outcome } = await run('mknod ${{targets.destdir}}/null c 1 3');
  expect(outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
});

test('a step cannot leave a process or a file outside the workspace to the next one', async () => {
  const { outcome, log } = await host.run({
    recipe: `package: {name: bad, version: "1"}
pipeline:
  - runs: |
      (setsid sleep ${asleep(98803)} &)
      echo left > /etc/left; echo left > /tmp/left; echo left > kept
      mkdir /opt; rm -rf /etc/passwd
  - runs: |
      ls -d /etc/left /tmp/left /opt 2> /dev/null || :
      grep -c build /etc/passwd
      cat kept
`,
  });
  expect(outcome).toMatchObject({ kind: 'built' });
  expect(log.map((line) => line.replace(/^.*\| /, ''))).toEqual(['1', 'left']);
  expect(processes(asleep(98803))).toBe(0);
});

test('a step that locks directories leaves nothing that cannot be removed', async () => {
  const { outcome } = await run('mkdir -p a/b; touch a/b/c; chmod 0 a/b a; exit 1');
  expect(outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
});

test('a step that prints without end or line breaks costs no memory', async () => {
  const { outcome, log } = await run(`yes | head -c 40000000 | tr -d '\\n'; exit 1`);
  expect(outcome).toMatchObject({ code: 'BUILD_STEP_FAILED' });
  expect(outcome).toHaveProperty('findings.length', 20);
  expect(Math.max(...log.map(({ length }) => length))).toBeLessThan(17_000);
});
