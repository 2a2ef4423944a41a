import { assert, compareBytes } from '@kiln/base';

/** Something to build; a `PlannedRecipe` is one. */
export interface ScheduledTask {
  readonly name: string;
  /** Names of other tasks of the schedule. */
  readonly needs: readonly string[];
  /** What is ready and has most goes first; equal ones go by name. */
  readonly priority: number;
}

/**
 * `waiting` becomes `ready` when all needs are `done`; `ready` becomes `running` by `started`; `running` becomes `done` by
 * `finished` or `failed` by `failed`. What waits for a failed one, over any number of steps, becomes `skipped`. `done`,
 * `failed` and `skipped` are for good.
 */
export type TaskState = 'waiting' | 'ready' | 'running' | 'done' | 'failed' | 'skipped';

/** A task that will not be run. */
export interface SkippedTask {
  readonly name: string;
  /** The need that failed or was skipped itself. */
  readonly need: string;
  /** The task that failed and began it. */
  readonly failed: string;
}

/** What to build next. It decides and keeps count; whoever uses it does the work, as many at a time as suits. */
export class Schedule {
  readonly #tasks: ReadonlyMap<string, ScheduledTask>;
  readonly #states = new Map<string, TaskState>();
  readonly #missing = new Map<string, number>();
  readonly #dependants = new Map<string, ScheduledTask[]>();
  readonly #skipped: SkippedTask[] = [];
  #ready: ScheduledTask[] = [];

  /** Names are unique, needs are names of tasks, and there is no cycle: a plan is so. */
  constructor(tasks: readonly ScheduledTask[]) {
    this.#tasks = new Map(tasks.map((task) => [task.name, task]));
    assert(this.#tasks.size === tasks.length, 'each task of a schedule has a name of its own');
    for (const task of tasks) {
      const needs = new Set(task.needs);
      this.#missing.set(task.name, needs.size);
      for (const need of needs) this.#dependantsOf(need).push(task);
      this.#states.set(task.name, 'waiting');
      if (needs.size === 0) this.#becomeReady(task);
    }
    assert(this.#isFeasible(), 'tasks of a schedule need each other only, and not in a circle');
  }

  /** What may be started now, most urgent first. */
  get ready(): readonly string[] {
    return this.#ready.map(({ name }) => name);
  }

  /** Tasks that will not be run, in the order in which that became known. */
  get skipped(): readonly SkippedTask[] {
    return this.#skipped;
  }

  /** Nothing is ready, running or waiting. */
  get isOver(): boolean {
    const { ready, running, waiting } = this.counts;
    return ready + running + waiting === 0;
  }

  /** How many tasks are in each state. */
  get counts(): Readonly<Record<TaskState, number>> {
    const counts = { waiting: 0, ready: 0, running: 0, done: 0, failed: 0, skipped: 0 };
    for (const state of this.#states.values()) counts[state]++;
    return counts;
  }

  stateOf(name: string): TaskState {
    const state = this.#states.get(name);
    assert(state !== undefined, `"${name}" is in the schedule`);
    return state;
  }

  started(name: string): void {
    this.#move(name, 'ready', 'running');
    this.#ready = this.#ready.filter((task) => task.name !== name);
  }

  /** Returns what became ready by it, most urgent first. */
  finished(name: string): readonly string[] {
    this.#move(name, 'running', 'done');
    const fresh = this.#dependantsOf(name).filter((task) => {
      const left = (this.#missing.get(task.name) ?? 0) - 1;
      this.#missing.set(task.name, left);
      return left === 0 && this.stateOf(task.name) === 'waiting';
    });
    for (const task of fresh) this.#becomeReady(task);
    return fresh.sort(byUrgency).map((task) => task.name);
  }

  /** Returns what will not be run because of it and was not given up before: nearest first, then by name. */
  failed(name: string): readonly SkippedTask[] {
    this.#move(name, 'running', 'failed');
    const skipped: SkippedTask[] = [];
    const front = [name];
    for (const need of front) {
      const next = this.#dependantsOf(need).toSorted((a, b) => compareBytes(a.name, b.name));
      for (const task of next) {
        if (this.stateOf(task.name) !== 'waiting') continue;
        this.#states.set(task.name, 'skipped');
        skipped.push({ name: task.name, need, failed: name });
        front.push(task.name);
      }
    }
    this.#skipped.push(...skipped);
    return skipped;
  }

  #move(name: string, from: TaskState, to: TaskState): void {
    assert(this.stateOf(name) === from, `"${name}" is ${from}`);
    this.#states.set(name, to);
  }

  #becomeReady(task: ScheduledTask): void {
    this.#states.set(task.name, 'ready');
    let at = this.#ready.length;
    while (at > 0 && byUrgency(this.#ready[at - 1] ?? task, task) > 0) at--;
    this.#ready.splice(at, 0, task);
  }

  #dependantsOf(name: string): ScheduledTask[] {
    let list = this.#dependants.get(name);
    if (list === undefined) this.#dependants.set(name, (list = []));
    return list;
  }

  /** Whether all tasks would be run if none failed. */
  #isFeasible(): boolean {
    const missing = new Map(this.#missing);
    const done = this.#ready.map(({ name }) => name);
    for (const name of done) {
      for (const task of this.#dependantsOf(name)) {
        const left = (missing.get(task.name) ?? 0) - 1;
        missing.set(task.name, left);
        if (left === 0) done.push(task.name);
      }
    }
    return done.length === this.#tasks.size;
  }
}

function byUrgency(a: ScheduledTask, b: ScheduledTask): number {
  return b.priority - a.priority || compareBytes(a.name, b.name);
}
