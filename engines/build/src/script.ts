import { resolve } from 'node:path/posix';
import { quotedShellWord } from '@kiln/base';
import type { CompiledStep } from '@kiln/recipe';

/** Where the workspace is in the guest. */
export const workspaceMount = '/home/build';

/**
 * The text that the guest's `/bin/sh -c` runs for a step: errors end it, files are made with the usual mode bits, the
 * working directory exists, and what the last command returns does not matter. A trace shows each command.
 */
export function stepScript(
  step: Pick<CompiledStep, 'workingDirectory' | 'runs'>,
  trace: 'trace' | 'quiet' = 'quiet',
): string {
  const directory = quotedShellWord(directoryOf(step));
  return [
    trace === 'trace' ? 'set -ex -o pipefail' : 'set -e -o pipefail',
    'umask 022',
    `[ -d ${directory} ] || mkdir -p ${directory}`,
    `cd ${directory}`,
    step.runs,
    'exit 0',
    '',
  ].join('\n');
}

/** Where a step runs: absolute, and without `..` where the recipe wrote what is not. */
export function directoryOf({ workingDirectory }: Pick<CompiledStep, 'workingDirectory'>): string {
  return workingDirectory.startsWith('/')
    ? workingDirectory
    : resolve(workspaceMount, workingDirectory);
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/bin:/usr/sbin:/sbin:/bin';

export interface StepEnvironment {
  /** The catalog's, then the recipe's. */
  readonly layers: readonly Readonly<Record<string, string>>[];
  /** Undefined in tests, which see what a user sees. */
  readonly sourceDateEpoch: number | undefined;
}

/** Variables of several layers; a later one's wins. */
export function mergedLayers(
  layers: readonly Readonly<Record<string, string>>[],
): Readonly<Record<string, string>> {
  const merged: Record<string, string> = {};
  for (const layer of layers) Object.assign(merged, layer);
  return merged;
}

/** The variables that every step of a build or test starts from. */
export function baseEnvironment({
  layers,
  sourceDateEpoch,
}: StepEnvironment): Readonly<Record<string, string>> {
  const date = sourceDateEpoch === undefined ? {} : { SOURCE_DATE_EPOCH: String(sourceDateEpoch) };
  return { ...mergedLayers(layers), ...date, PATH: defaultPath };
}
