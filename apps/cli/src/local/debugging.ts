import path from 'node:path';
import {
  continuesAfter,
  debugShell,
  progressOf,
  resumeFrom,
  type BuildFailure,
  type BuildPlan,
  type FailedStep,
  type Sandbox,
  type UnfinishedBuild,
} from '@kiln/build';
import { failureOf } from './build-failure.ts';
import type { Guest, ResolvedGuest } from './guest.ts';
import { keptWorkspace, type KeptBuilds } from './kept-builds.ts';
import type { Scratch } from './runner.ts';

/** How a build is looked into. */
export interface Debugging {
  /** Keeps the workspace of a build that does not come to its end. */
  readonly kept?: KeptBuilds | undefined;
  /** Go on with what is kept of this build, where that is possible. */
  readonly resume?: boolean;
  /** Open a shell where a step fails. */
  readonly shell?: boolean;
  /** What happens, for the person at the terminal. */
  onTalk(text: string): void;
}

/** The part of a build that there is to look into. */
export interface DebuggedBuild {
  readonly plan: BuildPlan;
  readonly guest: Guest;
  readonly resolved: ResolvedGuest;
}

/** One build under these circumstances, and what came of it. */
export class DebuggedRun {
  /** Where the workspace went that the build left. */
  keptIn: string | undefined;
  /** Whether the result is that of the recipe and nothing else: no step was done by hand or by another build. */
  touched = false;
  readonly #debugging: Debugging;
  readonly #build: DebuggedBuild;

  constructor(debugging: Debugging, build: DebuggedBuild) {
    this.#debugging = debugging;
    this.#build = build;
  }

  /** What the build goes on with; undefined: it starts anew, and it was said why. */
  async resume({ workspaces }: Scratch): Promise<UnfinishedBuild | undefined> {
    const { kept, resume, onTalk } = this.#debugging;
    if (kept === undefined || resume !== true) return undefined;
    const { compiled } = this.#build.plan;
    const { name } = compiled.package;
    const found = kept.read(kept.folderOf({ name, arch: compiled.arch }));
    if (found === undefined) {
      onTalk(`nothing is kept of ${name} for ${compiled.arch}: the build starts anew`);
      return undefined;
    }
    const { progress } = found;
    const resumption = resumeFrom(progress, this.#build.plan);
    if (resumption.kind === 'anew') {
      onTalk(['the build starts anew:', ...shownReasons(resumption.reasons)].join('\n  '));
      return undefined;
    }
    const { stepsDone } = resumption;
    onTalk(`${stepsDone} of ${progress.steps.length} steps are done, going on in ${found.folder}`);
    this.touched = true;
    return { workspace: await workspaces.adopt('resumed', keptWorkspace(found)), stepsDone };
  }

  /** Keeps what the build left, if it is to be kept. */
  async keep(run: string, left: UnfinishedBuild): Promise<void> {
    const { kept, onTalk } = this.#debugging;
    if (kept === undefined) return left.workspace.remove();
    const { plan, guest, resolved } = this.#build;
    const { compiled } = plan;
    const progress = progressOf(plan, left.stepsDone);
    this.keptIn = await kept.keep(run, left, {
      recipe: recipeFileOf(plan),
      arch: compiled.arch,
      name: compiled.package.name,
      version: plan.fullVersion,
      action: plan.action,
      guest: guest.root,
      lock: resolved.lock,
      progress,
      touched: this.touched,
    });
    onTalk(
      `kept in ${this.keptIn}: ${left.stepsDone} of ${progress.steps.length} steps are done there`,
    );
  }

  /** Removes what is kept of a build that has now come to its end. */
  async done(): Promise<void> {
    const { kept } = this.#debugging;
    const { compiled } = this.#build.plan;
    await kept?.remove(kept.folderOf({ name: compiled.package.name, arch: compiled.arch }));
  }

  /** The failure with where the workspace is. */
  explained(failure: BuildFailure): BuildFailure {
    if (this.keptIn === undefined) return failure;
    const where = `the workspace is in ${this.keptIn}; --resume goes on there`;
    return { ...failure, hint: [failure.hint, where].filter(Boolean).join('; ') };
  }

  /** Opens a shell where a step failed. */
  async failed(sandbox: Sandbox, failed: FailedStep): Promise<'continue' | 'end'> {
    const goesOn = await openShell(sandbox, failed, this.#debugging);
    if (goesOn) this.touched = true;
    return goesOn ? 'continue' : 'end';
  }
}

/** Opens a shell where a step failed, if one is to be opened. True: the person wants the steps to go on. */
export async function openShell(
  sandbox: Sandbox,
  failed: FailedStep,
  { shell, onTalk }: Pick<Debugging, 'shell' | 'onTalk'>,
): Promise<boolean> {
  if (shell !== true) return false;
  const { message, hint } = failureOf(failed.failure);
  onTalk(message);
  if (hint !== undefined) onTalk(`hint: ${hint}`);
  onTalk(
    'a shell in the guest, where the step ran; /tmp/step.sh is the step; exit 0 goes on with the next one, exit 1 ends',
  );
  return continuesAfter(await sandbox.run(debugShell(failed, process.env['TERM'])));
}

const reasonsMax = 10;

function shownReasons(reasons: readonly string[]): readonly string[] {
  const left = reasons.length - reasonsMax;
  return [...reasons.slice(0, reasonsMax), ...(left > 0 ? [`and ${left} more`] : [])];
}

function recipeFileOf({ compiled }: BuildPlan): string {
  return path.resolve(compiled.package.position.file);
}
