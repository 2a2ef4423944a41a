import { createHash } from 'node:crypto';
import { joinedLicenses } from '@kiln/apk';
import { compareBytes, quotedShellWord, shorten } from '@kiln/base';
import type { Copyright, OriginFacts, RecipeDialect } from '@kiln/recipe';
import { isGoLicenseExpression, isLicenseExpression, type ExtractedLicense } from '@kiln/spdx';
import type { BuildFailure } from './outcome.ts';
import { workspaceMount } from './script.ts';
import { buildIdentity, type StepRunner } from './steps.ts';
import { normalise } from './tree.ts';

const textBytesMax = 1024 * 1024;

/**
 * The licence of a copyright entry as it enters an SPDX expression: itself, or, when it is none of SPDX, a `LicenseRef-` of
 * the letters, digits, dots and dashes in it, blanks and `_` being dashes (packages.md section 13).
 */
export function licenseIdOf({ license }: Copyright, dialect: RecipeDialect = 'kiln'): string {
  const isKnown =
    dialect === 'melange'
      ? isGoLicenseExpression(license)
      : license.startsWith('LicenseRef-') || isLicenseExpression(license);
  if (license === '' || isKnown) return license;
  const name = license.replaceAll(/[ _]/g, '-').replaceAll(/[^A-Za-z0-9.-]/g, '');
  const hash = createHash('sha256').update(license).digest('hex');
  return `LicenseRef-${name === '' ? hash.slice(0, 16) : name}`;
}

/**
 * The entries joined with `AND`; one that is a choice at its top level gets parentheses, but not from melange, which joins what
 * is empty behind the first too.
 */
export function licenseExpression(
  copyright: readonly Copyright[],
  dialect: RecipeDialect = 'kiln',
): string {
  const all = copyright.map((entry) => licenseIdOf(entry, dialect));
  if (dialect === 'melange') return all.slice(all.findIndex((one) => one !== '')).join(' AND ');
  return joinedLicenses(all.filter((license) => license !== ''));
}

export type LicenseTexts =
  | { readonly kind: 'read'; readonly texts: readonly ExtractedLicense[] }
  | BuildFailure
  | { readonly kind: 'aborted' };

/**
 * The texts of licences that SPDX does not list, sorted by identifier. A text that `license-path` names is read by the
 * guest itself, so that no link a build left behind leads out of it; at most 1 MiB.
 */
export async function readLicenseTexts(
  runner: StepRunner,
  origin: OriginFacts,
  dialect: RecipeDialect = 'kiln',
): Promise<LicenseTexts> {
  const texts = new Map<string, string>();
  for (const entry of origin.copyright) {
    for (const id of ownIdsIn(licenseIdOf(entry, dialect), dialect))
      texts.set(id, `Non-SPDX License: ${entry.license}`);
    if (entry.licensePath === '') continue;
    const file = entry.licensePath.startsWith('/')
      ? undefined
      : normalise(entry.licensePath.split('/'))?.join('/');
    if (file === undefined) return unreadable(origin, entry);
    const read = await readInGuest(runner, file);
    if (read === 'aborted') return { kind: 'aborted' };
    if (read === undefined) return unreadable(origin, entry);
    texts.set(licenseIdOf(entry, dialect), read.text);
  }
  const sorted = [...texts].sort(([a], [b]) => compareBytes(a, b));
  return { kind: 'read', texts: sorted.map(([id, text]) => ({ id, text })) };
}

/** The identifiers in an expression that SPDX does not list; for melange only the first word is looked at, and the whole taken. */
export function ownIdsIn(expression: string, dialect: RecipeDialect): readonly string[] {
  if (dialect === 'melange') return expression.startsWith('LicenseRef-') ? [expression] : [];
  return expression.match(/LicenseRef-[A-Za-z0-9.-]+/g) ?? [];
}

async function readInGuest(
  runner: StepRunner,
  name: string,
): Promise<{ readonly text: string } | 'aborted' | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const file = quotedShellWord(`./${name}`);
  const result = await runner.sandbox.run({
    roots: runner.roots,
    mounts: runner.mounts,
    // A pipe would be waited for without end.
    argv: ['/bin/sh', '-c', `[ -f ${file} ] && head -c ${textBytesMax + 1} ${file} 2> /dev/null`],
    environment: { PATH: '/usr/bin:/bin' },
    workingDirectory: workspaceMount,
    ...(runner.identity ?? buildIdentity),
    network: 'none',
    timeoutMs: Math.max(1, runner.deadlineMs - runner.clock.now()),
    onOutput: (chunk) => {
      size += chunk.length;
      if (size <= textBytesMax) chunks.push(Uint8Array.from(chunk));
    },
    ...(runner.signal === undefined ? {} : { signal: runner.signal }),
  });
  if (result.kind === 'aborted') return 'aborted';
  if (result.kind !== 'exited' || result.exitCode !== 0 || size > textBytesMax) return undefined;
  return { text: Buffer.concat(chunks).toString('utf8') };
}

function unreadable(origin: OriginFacts, { licensePath }: Copyright): BuildFailure {
  return {
    kind: 'failed',
    code: 'BUILD_LICENSE_UNREADABLE',
    message: `the licence text "${shorten(licensePath)}" is not a readable file of at most 1 MiB in the workspace`,
    position: origin.position,
    hint: 'license-path is relative to the root of the workspace as the last step leaves it',
    findings: [],
  };
}
