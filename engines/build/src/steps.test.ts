import { compileRecipe, parseRecipe, type CompiledStep } from '@kiln/recipe';
import { expect, test } from 'vitest';
import type { BuildLogLine } from './log.ts';
import type { SandboxRequest, SandboxResult } from './sandbox.ts';
import { runSteps, type FailedStep, type StepRunner, type StepsResult } from './steps.ts';

function stepsOf(pipeline: string): readonly CompiledStep[] {
  const recipe = parseRecipe(`package: {name: a, version: "1"}\npipeline: ${pipeline}\n`, {
    file: 'a.yaml',
  });
  return compileRecipe({ recipe, arch: 'x86_64', pipelines: () => undefined }).pipeline;
}

interface Run {
  readonly result: StepsResult;
  readonly requests: readonly SandboxRequest[];
  readonly log: readonly BuildLogLine[];
}

async function run(
  pipeline: string,
  answer: (request: SandboxRequest, index: number) => SandboxResult = () => ({
    kind: 'exited',
    exitCode: 0,
  }),
  msPerStep = 0,
  more: (clock: { now: number }) => Partial<StepRunner> = () => ({}),
): Promise<Run> {
  const requests: SandboxRequest[] = [];
  const log: BuildLogLine[] = [];
  const clock = { now: 0 };
  const runner: StepRunner = {
    sandbox: {
      run: (request) => {
        requests.push(request);
        clock.now += msPerStep;
        request.onOutput(Buffer.from('one\ntw'));
        request.onOutput(Buffer.from('o'));
        return Promise.resolve(answer(request, requests.length - 1));
      },
    },
    roots: ['/root'],
    mounts: [],
    clock: { now: () => clock.now },
    deadlineMs: 1000,
    cpus: undefined,
    signal: undefined,
    onLog: (line) => log.push(line),
    ...more(clock),
  };
  const result = await runSteps(runner, {
    steps: stepsOf(pipeline),
    packageName: 'a',
    environment: { BASE: '1' },
  });
  return { result, requests, log };
}

test('steps run in order, a parent before those nested in it, the false ones not at all', async () => {
  const { result, requests } = await run(
    `[{runs: one, pipeline: [{runs: two}, {if: "'a' == 'b'", runs: never}]}, {if: "'a' == 'b'", pipeline: [{runs: never}]}, {runs: three}]`,
  );
  expect(result).toBeUndefined();
  expect(requests.map(({ argv }) => /^cd .*\n(.*)$/m.exec(argv[2] ?? '')?.[1])).toEqual([
    'one',
    'two',
    'three',
  ]);
});

test('no step ever gets the network or another user', async () => {
  const { requests } = await run('[{runs: one}]');
  expect(requests[0]).toMatchObject({ network: 'none', uid: 1000, gid: 1000, roots: ['/root'] });
});

test('variables of a step reach those nested in it and no others', async () => {
  const { requests } = await run(
    '[{runs: one, environment: {A: "1", B: "1"}, pipeline: [{runs: two, environment: {B: "2"}}]}, {runs: three}]',
  );
  expect(requests.map(({ environment }) => environment)).toEqual([
    { BASE: '1', A: '1', B: '1' },
    { BASE: '1', A: '1', B: '2' },
    { BASE: '1' },
  ]);
});

test('the first failure ends the build and names the step and its place', async () => {
  const { result, requests } = await run('[{name: compile, runs: one}, {runs: two}]', () => ({
    kind: 'exited',
    exitCode: 2,
  }));
  expect(requests).toHaveLength(1);
  expect(result).toMatchObject({
    kind: 'failed',
    code: 'BUILD_STEP_FAILED',
    message: 'step "a: compile" ended with exit code 2',
    position: { file: 'a.yaml', line: 2 },
  });
});

test.each([
  ['none', /steps have no network/],
  ['host', /steps have the network of this machine/],
] as const)(
  'a name that is not found, with the network %s, gets its hint',
  async (network, hint) => {
    const { result } = await run(
      '[{runs: x}]',
      (request) => {
        request.onOutput(Buffer.from('wget: bad address example.org\n'));
        return { kind: 'exited', exitCode: 1 };
      },
      0,
      () => ({ network }),
    );
    expect(result).toMatchObject({ hint: expect.stringMatching(hint) as string });
  },
);

test('the time limit is one for the whole build', async () => {
  const { result, requests } = await run(
    '[{runs: one}, {runs: two}, {runs: three}]',
    undefined,
    600,
  );
  expect(requests.map(({ timeoutMs }) => timeoutMs)).toEqual([1000, 400]);
  expect(result).toMatchObject({ code: 'BUILD_TIMED_OUT' });
});

test('an assertion counts the direct nested steps that ran', async () => {
  const nested = `pipeline: [{runs: x, pipeline: [{runs: y}]}, {if: "'a' == 'b'", runs: z}]`;
  expect((await run(`[{assertions: {required-steps: 1}, ${nested}}]`)).result).toBeUndefined();
  expect((await run(`[{assertions: {required-steps: 2}, ${nested}}]`)).result).toMatchObject({
    code: 'BUILD_ASSERTION_FAILED',
  });
});

test('output becomes whole lines under the name of the step', async () => {
  const { log } = await run('[{name: talk, runs: x}]');
  expect(log).toEqual([
    { step: 'a: talk', text: 'one' },
    { step: 'a: talk', text: 'two' },
  ]);
});

test('an aborted run is told apart from a failed one', async () => {
  expect((await run('[{runs: one}]', () => ({ kind: 'aborted' }))).result).toEqual({
    kind: 'aborted',
  });
});

test('a script that no process could be given is refused', async () => {
  const { result, requests } = await run(`[{runs: "${'x'.repeat(131_000)}"}]`);
  expect(requests).toEqual([]);
  expect(result).toMatchObject({ code: 'BUILD_SCRIPT_TOO_LONG' });
});

test('a failed step says its last lines without passwords of addresses, and a hint that fits', async () => {
  const talk = (text: string, exitCode: number): ReturnType<typeof run> =>
    run('[{runs: x}]', (request) => {
      request.onOutput(Buffer.from(`\n${text}`));
      return { kind: 'exited', exitCode };
    });
  const many = Array.from({ length: 30 }, (_, index) => `line ${index}`).join('\n\n');
  const failed = (await talk(`${many}\nfrom https://ada:secret@host.example/x\x1b[0m`, 1)).result;
  expect(failed).toMatchObject({ hint: 'its log says why' });
  expect(failed).toHaveProperty('findings.length', 20);
  expect(failed).toHaveProperty('findings.0', 'line 11');
  expect(failed).toHaveProperty('findings.19', 'from https://host.example/x\\x1b[0m');
  const hints = [
    ['sh: line 5: cmake: command not found', 127, /environment\.contents\.packages/],
    ['/bin/sh: cmake: not found', 127, /environment\.contents\.packages/],
    ['curl: (6) Could not resolve host: example.org', 6, /kiln\.network/],
    ['write error: No space left on device', 1, /disk/],
    ['Killed', 137, /memory/],
  ] as const;
  for (const [text, exitCode, hint] of hints)
    expect((await talk(text, exitCode)).result).toMatchObject({
      hint: expect.stringMatching(hint) as string,
    });
});

test('a step that takes too long says its last lines', async () => {
  const { result } = await run('[{runs: one}]', () => ({ kind: 'timed-out' }));
  expect(result).toMatchObject({ code: 'BUILD_TIMED_OUT', findings: ['one', 'two'] });
});

test('who is asked about a failed step may go on with the next, and has all the time in the world', async () => {
  const asked: FailedStep[] = [];
  const answers = ['continue', 'end'] as const;
  const { result, requests } = await run(
    '[{runs: one}, {runs: two}, {runs: three}]',
    () => ({ kind: 'exited', exitCode: 1 }),
    400,
    (clock) => ({
      onFailed: (failed) => {
        clock.now += 1_000_000;
        return Promise.resolve(answers[asked.push(failed) - 1] ?? 'end');
      },
    }),
  );
  expect(requests.map(({ timeoutMs }) => timeoutMs)).toEqual([1000, 600]);
  expect(asked.map(({ request }) => request)).toEqual(requests);
  expect(result).toMatchObject({
    code: 'BUILD_STEP_FAILED',
    message: 'step "a: two" ended with exit code 1',
  });
});
