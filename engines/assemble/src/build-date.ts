import { KilnError } from '@kiln/base';
import { buildTimeSecondsMax } from './base-image.ts';
import type { BaseImage } from './base-image.ts';
import { packageLabel } from './failure.ts';
import type { PackageContents } from './package-contents.ts';

export interface BuildDateInput {
  readonly packages: readonly PackageContents[];
  readonly base?: BaseImage | undefined;
  readonly sourceDateEpochSeconds: number;
  /** Counts alone where it is said. */
  readonly buildDateSeconds?: number | undefined;
}

/**
 * Time of what an image has beside packages' files: the latest of the epoch and the packages' build times, unless another one is
 * said. Throws `ASSEMBLE_UNSUPPORTED` for a package that was built after the year 9999.
 */
export function buildDateOf(input: BuildDateInput): number {
  const { packages, base, sourceDateEpochSeconds, buildDateSeconds } = input;
  if (buildDateSeconds !== undefined) return buildDateSeconds;
  const never = packages.find(({ info }) => info.buildTimeSeconds > buildTimeSecondsMax);
  if (never !== undefined) {
    throw new KilnError(
      'ASSEMBLE_UNSUPPORTED',
      `package ${packageLabel(never)}: built at ${never.info.buildTimeSeconds}, after the year 9999`,
      { hint: 'build the package anew', details: { package: packageLabel(never) } },
    );
  }
  return Math.max(
    sourceDateEpochSeconds,
    ...packages.map(({ info }) => info.buildTimeSeconds),
    ...(base?.packages ?? []).map(({ buildTimeSeconds }) => buildTimeSeconds),
  );
}
