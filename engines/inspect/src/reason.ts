import { KilnError, shorten } from '@kiln/base';
import { nearestWord } from '@kiln/yaml/nearest';
import type { AskedEntries, NeedingPackage, WhyStep } from './why.ts';
import { PackageReasons } from './why.ts';

/** An image whose packages are explained. */
export interface ExplainedImage {
  readonly reference: string;
  readonly digest: string;
  readonly packages: readonly NeedingPackage[];
  readonly asked: AskedEntries;
}

/** Why one package is in one image. */
export interface PackageReason {
  readonly reference: string;
  readonly digest: string;
  readonly package: string;
  /** From a package that was asked for to this one. */
  readonly why: readonly WhyStep[];
}

/** Why a package is in an image. Throws `IMAGE_PACKAGE_NOT_FOUND`, with the nearest name as a hint. */
export function packageReason(image: ExplainedImage, name: string): PackageReason {
  const { reference, digest, packages, asked } = image;
  const why = new PackageReasons(packages, asked).why(name);
  if (why !== undefined) return { reference, digest, package: name, why };
  const there = packages.map((one) => one.name);
  throw new KilnError(
    'IMAGE_PACKAGE_NOT_FOUND',
    `there is no package "${shorten(name)}" in ${reference}`,
    { hint: packageHint(name, there) },
  );
}

/** What helps whoever named a package that an image does not have. */
export function packageHint(name: string, there: readonly string[]): string {
  const near = nearestWord(name, there);
  const meant = near === undefined ? '' : `did you mean ${near}? `;
  return `${meant}a package is named without its version, and a file begins with /`;
}
