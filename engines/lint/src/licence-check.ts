import type { Copyright } from '@kiln/recipe';
import { classifyLicence } from './licence-classify.ts';
import { licenceFiles } from './licence-files.ts';

export interface LicenceText {
  /** Relative to the workspace. */
  readonly path: string;
  readonly text: string;
}

/** What texts and recipe disagree in. */
export interface LicenceDifference {
  /** `undeclared`: no entry says so; `differs`: the entry for this very file says otherwise; `unsure`: not recognised. */
  readonly kind: 'undeclared' | 'differs' | 'unsure';
  readonly path: string;
  /** SPDX identifier of what was recognised; undefined for `unsure`. */
  readonly found: string | undefined;
  readonly message: string;
}

/** The files of a workspace whose texts are to be checked: those that look like licences, then those that the recipe names. */
export function licencePaths(
  listing: readonly string[],
  copyright: readonly Copyright[],
  scan: 'shallow' | 'deep' = 'shallow',
): readonly string[] {
  const named = copyright.map(({ licensePath }) => licensePath).filter((path) => path !== '');
  return [...new Set([...licenceFiles(listing, scan), ...named])];
}

/**
 * Compares the licence texts of a source with what its recipe declares. An entry with a `license-path` speaks of that file, its
 * `detection-override` names what the detector may take the file for; entries without speak of all others.
 */
export function checkLicences(
  texts: readonly LicenceText[],
  copyright: readonly Copyright[],
): readonly LicenceDifference[] {
  return texts.flatMap(({ path, text }) => {
    const found = classifyLicence(text);
    const entries = copyright.filter(({ licensePath }) => licensePath === path);
    if (found.kind === 'unsure') return entries.length > 0 ? [] : [unsure(path, found.nearest)];
    const differences = found.ids.map((id) =>
      entries.length > 0 ? differsFrom(path, id, entries) : undeclared(path, id, copyright),
    );
    return differences.filter((difference) => difference !== undefined);
  });
}

function unsure(path: string, nearest: string | undefined): LicenceDifference {
  const like =
    nearest === undefined ? 'is no text that is known' : `is like ${nearest}, but not it`;
  return { kind: 'unsure', path, found: undefined, message: `the licence "${path}" ${like}` };
}

function differsFrom(
  path: string,
  found: string,
  entries: readonly Copyright[],
): LicenceDifference | undefined {
  const agrees = entries.some(
    ({ license, detectionOverride }) =>
      detectionOverride === found || identifiersIn(license).some((id) => covers(id, found)),
  );
  if (agrees) return undefined;
  const declared = entries.map(({ license }) => license).join(' AND ');
  const override = entries.find(({ detectionOverride }) => detectionOverride !== '');
  const instead =
    override === undefined
      ? ''
      : `; the override is for ${override.detectionOverride}, which it is not taken for any more`;
  return {
    kind: 'differs',
    path,
    found,
    message: `the licence "${path}" is ${found}, and declared as ${declared}${instead}`,
  };
}

function undeclared(
  path: string,
  found: string,
  copyright: readonly Copyright[],
): LicenceDifference | undefined {
  const declared = copyright.flatMap(({ license }) => identifiersIn(license));
  if (declared.some((id) => covers(id, found))) return undefined;
  return {
    kind: 'undeclared',
    path,
    found,
    message: `the licence "${path}" is ${found}, which the recipe does not declare`,
  };
}

/** The licences in an expression, each with its exception. */
function identifiersIn(expression: string): readonly string[] {
  return expression
    .replaceAll(/[()]/g, ' ')
    .split(/\s+(?:AND|OR)\s+/i)
    .map((id) => id.trim().replaceAll(/\s+/g, ' '))
    .filter((id) => id !== '');
}

/** Licences whose text is that of others: what is declared, and what their text is recognised as. */
const texts: Readonly<Record<string, readonly string[]>> = {
  'BSD-2-Clause-FreeBSD': ['BSD-2-Clause'],
  'BSD-2-Clause-NetBSD': ['BSD-2-Clause'],
  MIT: ['X11'],
  'MIT-CMU': ['HPND'],
  'Python-2.0': ['PSF-2.0', 'HPND'],
  'Python-2.0.1': ['PSF-2.0', 'HPND'],
};

/**
 * Whether a declared licence has the recognised text. The texts of the GNU licences do not say whether later versions count,
 * exceptions stand outside the text, and the text of LGPL-3.0 comes with that of GPL-3.0.
 */
function covers(declared: string, found: string): boolean {
  if (declared === found) return true;
  const base = declared.replace(/ WITH .*$/, '').replace(/(?:-only|-or-later|\+)$/, '');
  if (base === found) return !found.includes(' WITH ');
  if (base === 'LGPL-3.0' && found === 'GPL-3.0') return true;
  return texts[base]?.includes(found) === true;
}
