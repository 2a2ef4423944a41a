import type { InstalledPackage } from '@kiln/apk';
import { sortUnique } from '@kiln/base';
import type { Config } from '@kiln/oci';
import { environmentVariables } from '@kiln/oci';
import type { FileFacts, ImageContents } from './contents.ts';
import type { ExplainedImage } from './reason.ts';
import type { AskedEntries, NeedingPackage, WhyStep } from './why.ts';
import { PackageReasons } from './why.ts';

export interface PackageDifference {
  readonly name: string;
  /** `rebuilt`: the same version with other content. */
  readonly change: 'added' | 'removed' | 'changed' | 'rebuilt';
  /** Versions; "" where it is not. */
  readonly from: string;
  readonly to: string;
  /** Why it is in the image that has it, the second one where both have. */
  readonly why: readonly WhyStep[];
}

export interface SettingDifference {
  /** Such as `entrypoint`, or `env PATH`. */
  readonly setting: string;
  /** Null where it is not set: a variable or a label that is set may be empty. */
  readonly from: string | null;
  readonly to: string | null;
}

export interface FileDifference {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** What differs of a file that both have. */
  readonly of: readonly (keyof FileFacts)[];
  /** Who has it, in the second image where both have it; "" for what no package has. */
  readonly package: string;
  /** A package that differs has it. */
  readonly explained: boolean;
}

/** What changed that needs no file of an image. */
export interface CompositionDifference {
  readonly from: { readonly reference: string; readonly digest: string };
  readonly to: { readonly reference: string; readonly digest: string };
  readonly packages: readonly PackageDifference[];
  readonly settings: readonly SettingDifference[];
}

export interface ImageDifference extends CompositionDifference {
  readonly files: readonly FileDifference[];
}

/** What an image is made of, and what it was made for. */
export interface ComparedComposition extends ExplainedImage {
  readonly packages: readonly ComparedPackage[];
  readonly config: Config;
}

/** A package as `InstalledPackage` has it, without its files. */
export type ComparedPackage = NeedingPackage & Pick<InstalledPackage, 'checksum'>;

/** An image that is compared, and what it was made for. */
export interface ComparedImage extends ImageContents {
  readonly asked: AskedEntries;
}

/** What changed from one image to another, each list in byte order of names. Pure. */
export function compareImages(from: ComparedImage, to: ComparedImage): ImageDifference {
  const difference = compareCompositions(from, to);
  const different = new Set(difference.packages.map(({ name }) => name));
  return { ...difference, files: fileDifferences(from, to, different) };
}

/** As `compareImages`, without the files. Pure. */
export function compareCompositions(
  from: ComparedComposition,
  to: ComparedComposition,
): CompositionDifference {
  return {
    from: { reference: from.reference, digest: from.digest },
    to: { reference: to.reference, digest: to.digest },
    packages: packageDifferences(from, to),
    settings: settingDifferences(from.config, to.config),
  };
}

function packageDifferences(
  from: ComparedComposition,
  to: ComparedComposition,
): readonly PackageDifference[] {
  const [before, after] = [byName(from.packages), byName(to.packages)];
  const reasons = {
    from: new PackageReasons(from.packages, from.asked),
    to: new PackageReasons(to.packages, to.asked),
  };
  return sortUnique([...before.keys(), ...after.keys()]).flatMap((name) => {
    const [a, b] = [before.get(name), after.get(name)];
    const change = packageChange(a, b);
    if (change === undefined) return [];
    const why = (b === undefined ? reasons.from : reasons.to).why(name) ?? [];
    return [{ name, change, from: a?.version ?? '', to: b?.version ?? '', why }];
  });
}

function byName(packages: readonly ComparedPackage[]): ReadonlyMap<string, ComparedPackage> {
  return new Map(packages.map((one) => [one.name, one]));
}

function packageChange(
  a: ComparedPackage | undefined,
  b: ComparedPackage | undefined,
): PackageDifference['change'] | undefined {
  if (a === undefined) return 'added';
  if (b === undefined) return 'removed';
  if (a.version !== b.version) return 'changed';
  return a.checksum === b.checksum ? undefined : 'rebuilt';
}

function settingDifferences(from: Config, to: Config): readonly SettingDifference[] {
  const [before, after] = [settingsOf(from), settingsOf(to)];
  return sortUnique([...before.keys(), ...after.keys()])
    .map((setting) => ({
      setting,
      from: before.get(setting) ?? null,
      to: after.get(setting) ?? null,
    }))
    .filter((one) => one.from !== one.to);
}

/** What is set, by name. A list or a text without content sets nothing, but a variable or a label does. */
function settingsOf({ os, architecture, variant, config }: Config): ReadonlyMap<string, string> {
  const words = (list: readonly string[] = []): string =>
    list.length === 0 ? '' : JSON.stringify(list);
  const named: readonly (readonly [string, string])[] = [
    ['platform', [os, architecture, variant].filter((part) => part !== undefined).join('/')],
    ['entrypoint', words(config.entrypoint)],
    ['cmd', words(config.cmd)],
    ['user', config.user ?? ''],
    ['working directory', config.workingDir ?? ''],
    ['stop signal', config.stopSignal ?? ''],
    ['volumes', words(config.volumes)],
    ['ports', words(config.exposedPorts)],
  ];
  return new Map([
    ...named.filter(([, value]) => value !== ''),
    ...environmentVariables(config).map(({ name, value }): [string, string] => [
      `env ${name}`,
      value,
    ]),
    ...Object.entries(config.labels ?? {}).map(([key, value]): [string, string] => [
      `label ${key}`,
      value,
    ]),
  ]);
}

function fileDifferences(
  from: ImageContents,
  to: ImageContents,
  different: ReadonlySet<string>,
): readonly FileDifference[] {
  const [before, after] = [ownersOf(from), ownersOf(to)];
  return sortUnique([...from.files.keys(), ...to.files.keys()]).flatMap((path) => {
    const [a, b] = [from.files.get(path), to.files.get(path)];
    const of = a === undefined || b === undefined ? [] : changedFacts(a, b);
    if (a !== undefined && b !== undefined && of.length === 0) return [];
    const owners = [before.get(path), after.get(path)].filter((one) => one !== undefined);
    const change = a === undefined ? 'added' : b === undefined ? 'removed' : 'changed';
    const explained = owners.some((owner) => different.has(owner));
    return [{ path, change, of, package: owners.at(-1) ?? '', explained } as const];
  });
}

function changedFacts(a: FileFacts, b: FileFacts): readonly (keyof FileFacts)[] {
  const facts = ['type', 'mode', 'owner', 'sizeBytes', 'content'] as const;
  return facts.filter((fact) => a[fact] !== b[fact]);
}

function ownersOf({ packages }: ImageContents): ReadonlyMap<string, string> {
  return new Map(packages.flatMap(({ name, paths }) => paths.map((path) => [path, name])));
}
