import fs from 'node:fs';
import { KilnError, shorten } from '@kiln/base';
import type { Architecture } from '@kiln/recipe/architecture';
import { architectureOf, architectures } from '@kiln/recipe/architecture';
import type { Invocation } from '../command.ts';
import { hostArchitecture } from './architecture.ts';

type FlagValue = Invocation['flags'][string];

/** The text of a flag, where it is not empty. */
export function textOf(value: FlagValue): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The texts of a flag that may be repeated. */
export function listOf(value: FlagValue): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

/** The folders of a flag that may be repeated. Throws `LOCAL_FILE_NOT_FOUND` for one that is not there, which would be passed over. */
export function foldersOf(value: FlagValue): readonly string[] {
  const folders = listOf(value);
  const absent = folders.find(
    (folder) => fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true,
  );
  if (absent === undefined) return folders;
  throw new KilnError('LOCAL_FILE_NOT_FOUND', `there is no folder "${shorten(absent, 200)}"`, {
    hint: 'check its name, and the folder that you are in',
  });
}

/** Refuses a name of `--package` that is none of those that recipes make: it would be missed, and nobody told. Throws `USAGE`. */
export function requireMade(only: readonly string[], made: ReadonlySet<string>): void {
  const unknown = only.find((name) => !made.has(name));
  if (unknown === undefined) return;
  throw new KilnError('USAGE', `no package "${shorten(unknown)}" in these recipes`, {
    hint: `they make ${[...made].join(', ')}`,
  });
}

/** The architectures of `--arch`; this machine's without it. Throws `USAGE`. */
export function architecturesOf({ flags }: Pick<Invocation, 'flags'>): readonly Architecture[] {
  const names = listOf(flags['arch']).flatMap((word) => word.split(','));
  if (names.length === 0) return [hostArchitecture()];
  return names.map((name) => {
    const arch = name === 'host' ? hostArchitecture() : architectureOf(name);
    if (arch !== undefined) return arch;
    throw new KilnError('USAGE', `no such architecture: ${shorten(name)}`, {
      hint: `one of ${architectures.join(', ')}`,
    });
  });
}

/** The date that `--date` or the environment gives, in seconds since 1970. Throws `USAGE`. */
export function givenDate({ flags }: Pick<Invocation, 'flags'>): number | undefined {
  const given = textOf(flags['date']) ?? process.env['SOURCE_DATE_EPOCH'] ?? '';
  if (given === '') return undefined;
  if (/^\d{1,12}$/.test(given)) return Number(given);
  throw new KilnError('USAGE', `not a date in seconds since 1970: "${shorten(given)}"`, {
    hint: 'date +%s prints the one of now',
  });
}
