import type { Copyright } from '@kiln/recipe';
import type { LicenceText } from './licence-check.ts';
import { classifyLicence } from './licence-classify.ts';
import { obligationsOf } from './licence-obligations.ts';
import { licenceShare, licenceShareMin } from './licence-share.ts';

/** What a file's text was taken for. */
export interface DetectedLicence {
  readonly path: string;
  /** SPDX identifier; undefined for a text that is not known. */
  readonly id: string | undefined;
  /** How much of the licence's own text is in it, from 0 to 1. */
  readonly share: number;
}

/** The text of a licence by its SPDX identifier, undefined where it is not at hand. */
export type KnownLicences = (id: string) => string | undefined;

export interface LicenceReportLine {
  readonly level: 'info' | 'warn';
  readonly text: string;
}

export interface LicenceReport {
  /** As melange logs them. */
  readonly lines: readonly LicenceReportLine[];
  /** In the order of the texts; several for one text that holds several. */
  readonly detected: readonly DetectedLicence[];
  /** Whether something detected is not what the recipe declares. */
  readonly differs: boolean;
}

/**
 * melange's licence check: what each text is, and, given a recipe's entries, in what they differ. Identifiers are compared
 * letter by letter, so that `GPL-2.0-or-later` is not the `GPL-2.0` that its text is taken for; `checkLicences` knows better.
 */
export function licenceReport(
  texts: readonly LicenceText[],
  copyright: readonly Copyright[] | undefined,
  known: KnownLicences,
): LicenceReport {
  const lines: LicenceReportLine[] = [];
  const say = (level: LicenceReportLine['level'], text: string): void =>
    void lines.push({ level, text });
  const detected = texts.flatMap((text) => detect(text, known));
  if (detected.length === 0) {
    say('info', 'no license files detected');
    return { lines, detected, differs: false };
  }
  for (const one of detected) say('info', `  ${one.path}: ${factsOf(one, ' low-confidence')}`);
  const found = copyright === undefined ? undefined : differences(detected, copyright);
  if (found !== undefined) sayDifferences(found, say);
  const unsure = detected.filter(({ id }) => id === undefined);
  if (unsure.length > 0) {
    say('warn', 'following license files could not be confidently assessed:');
    for (const one of unsure) say('warn', `  ${one.path}: ${factsOf(one, '')}`);
    say('warn', 'could not identify some licenses, please check the configuration');
  }
  say('info', 'license information check complete');
  return { lines, detected, differs: (found ?? []).length > 0 };
}

/**
 * What has every sign of a licence is that licence, however much of its wording differs; what has some of them is it when
 * nearly all of its words are there.
 */
function detect({ path, text }: LicenceText, known: KnownLicences): readonly DetectedLicence[] {
  const found = classifyLicence(text);
  const shareOf = (id: string): number => {
    const licence = known(id);
    // The signs are all that is known of it then.
    return licence === undefined ? Number(found.kind === 'known') : licenceShare(text, licence);
  };
  if (found.kind === 'known') return found.ids.map((id) => ({ path, id, share: shareOf(id) }));
  const { nearest } = found;
  const share = nearest === undefined ? 0 : shareOf(nearest);
  return share >= licenceShareMin
    ? [{ path, id: nearest, share }]
    : [{ path, id: undefined, share: 0 }];
}

function factsOf({ id, share }: DetectedLicence, remark: string): string {
  return id === undefined
    ? `NOASSERTION (0.000000${remark}) (unknown)`
    : `${id} (${share.toFixed(6)}) (${obligationsOf(id)})`;
}

interface Difference {
  readonly path: string;
  readonly found: string;
  /** Empty where no entry speaks of it. */
  readonly declared: string;
  readonly override: string;
}

function sayDifferences(
  found: readonly Difference[],
  say: (level: 'info' | 'warn', text: string) => void,
): void {
  say('info', 'checking gathered license information against the configuration');
  if (found.length === 0) return say('warn', 'no license differences detected');
  say('warn', 'detected license differences:');
  for (const { path, found: id, declared, override } of found) {
    if (declared === '') say('warn', `  ${path}: ${id} not found`);
    else if (override === '') say('warn', `  ${path}: ${id} != ${declared}`);
    else
      say(
        'warn',
        `  ${path}: requested override from ${override} to ${declared}, but now detecting as ${id}`,
      );
    if (!['unencumbered', 'notice'].includes(obligationsOf(id)))
      say(
        'warn',
        `  NOTE! ${path}: ${id} might be a restrictive license, please proceed with caution`,
      );
  }
  say('warn', 'detected license differences, please check the configuration');
}

/**
 * One difference for each licence that no entry agrees with. The first entry of the same file that says otherwise ends the
 * search, whatever stands behind it; entries without a file agree with any.
 */
function differences(
  detected: readonly DetectedLicence[],
  copyright: readonly Copyright[],
): readonly Difference[] {
  const declared = copyright.flatMap((entry) =>
    entry.license.split(/\s+(?:AND|OR)\s+/).map((license) => ({ ...entry, license })),
  );
  return detected.flatMap(({ path, id }): readonly Difference[] => {
    if (id === undefined) return [];
    const other = declared.find(
      ({ license, licensePath }) => licensePath === path && license !== id,
    );
    if (other !== undefined) {
      const { license, detectionOverride: override } = other;
      return override === id ? [] : [{ path, found: id, declared: license, override }];
    }
    const agrees = declared.some(
      ({ license, licensePath }) => license === id && (licensePath === path || licensePath === ''),
    );
    return agrees ? [] : [{ path, found: id, declared: '', override: '' }];
  });
}
