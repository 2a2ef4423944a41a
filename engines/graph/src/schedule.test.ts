import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planBuilds } from './plan.ts';
import { RequirementGraph } from './requirement-graph.ts';
import { Schedule, type ScheduledTask } from './schedule.ts';
import { anyTree } from './testing.ts';

const task = (name: string, needs: readonly string[] = [], priority = 1): ScheduledTask => ({
  name,
  needs,
  priority,
});

describe('Schedule', () => {
  test('gives what is ready, most urgent first, and more as needs are met', () => {
    const schedule = new Schedule([
      task('c', [], 1),
      task('a', [], 1),
      task('b', [], 5),
      task('ab', ['a', 'b'], 9),
      task('x', ['b'], 1),
    ]);
    expect(schedule.ready).toEqual(['b', 'a', 'c']);
    schedule.started('b');
    expect(schedule.ready).toEqual(['a', 'c']);
    expect(schedule.finished('b')).toEqual(['x']);
    schedule.started('a');
    expect(schedule.finished('a')).toEqual(['ab']);
    expect(schedule.ready).toEqual(['ab', 'c', 'x']);
    expect(schedule.counts).toEqual({
      waiting: 0,
      ready: 3,
      running: 0,
      done: 2,
      failed: 0,
      skipped: 0,
    });
  });

  test('skips and names what waits for a failed one, and goes on with the rest', () => {
    const schedule = new Schedule([
      task('zlib'),
      task('curl', ['zlib']),
      task('git', ['curl', 'sh']),
      task('sh'),
      task('doc', ['sh']),
    ]);
    schedule.started('zlib');
    schedule.started('sh');
    expect(schedule.failed('zlib')).toEqual([
      { name: 'curl', need: 'zlib', failed: 'zlib' },
      { name: 'git', need: 'curl', failed: 'zlib' },
    ]);
    expect(schedule.finished('sh')).toEqual(['doc']);
    schedule.started('doc');
    expect(schedule.isOver).toBe(false);
    expect(schedule.failed('doc')).toEqual([]);
    expect(schedule.isOver).toBe(true);
    expect(schedule.skipped.map(({ name }) => name)).toEqual(['curl', 'git']);
    expect(schedule.stateOf('git')).toBe('skipped');
  });

  test.each([
    ['a circle', [task('a', ['b']), task('b', ['a'])]],
    ['a need that is no task', [task('a', ['b'])]],
    ['a name twice', [task('a'), task('a')]],
  ])('refuses %s', (_what, tasks) => {
    expect(() => new Schedule(tasks)).toThrow(/assertion failed/);
  });

  test('refuses a step that its state does not allow', () => {
    const schedule = new Schedule([task('a'), task('b', ['a'])]);
    expect(() => schedule.started('b')).toThrow('"b" is ready');
    expect(() => schedule.finished('a')).toThrow('"a" is running');
    expect(() => schedule.stateOf('c')).toThrow('"c" is in the schedule');
  });
});

test('any plan ends, whatever fails: what is skipped waits for a failed one, and nothing else is', () => {
  fc.assert(
    fc.property(
      anyTree,
      fc.uniqueArray(fc.nat(11), { maxLength: 4 }),
      fc.integer({ min: 1, max: 4 }),
      (tree, failing, parallel) => {
        const { recipes } = planBuilds(new RequirementGraph(tree));
        const fails = new Set(failing.map((number) => `r${number}`));
        const schedule = new Schedule(recipes);
        const needs = new Map(recipes.map((one) => [one.name, one.needs]));
        const running: string[] = [];
        while (!schedule.isOver) {
          while (running.length < parallel && schedule.ready[0] !== undefined) {
            const name = schedule.ready[0];
            for (const need of needs.get(name) ?? []) expect(schedule.stateOf(need)).toBe('done');
            schedule.started(name);
            running.push(name);
          }
          const name = running.shift() ?? '';
          if (fails.has(name)) schedule.failed(name);
          else schedule.finished(name);
        }
        const isDoomed = (name: string): boolean =>
          (needs.get(name) ?? []).some((need) => fails.has(need) || isDoomed(need));
        for (const { name } of recipes) {
          const expected = isDoomed(name) ? 'skipped' : fails.has(name) ? 'failed' : 'done';
          expect([name, schedule.stateOf(name)]).toEqual([name, expected]);
        }
      },
    ),
  );
});
