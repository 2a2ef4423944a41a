import { basename } from 'node:path/posix';
import { extension } from './extension.ts';

/** Names that licence texts have, the likeliest first. */
const patterns: readonly (readonly [weight: number, pattern: RegExp])[] = [
  [1, /^(?:un)?licen[sc]e$/i],
  [0.95, /^(?:un)?licen[sc]e\.(?:md|markdown|txt|html)$/i],
  [0.9, /^copy(?:ing|right)$/i],
  [0.85, /^copy(?:ing|right)\.(?:md|markdown|txt|html)$/i],
  [0.8, /^(?:un)?licen[sc]e\.[^./]+$/i],
  [0.75, /^copy(?:ing|right)\.[^./]+$/i],
  [0.7, /^(?:un)?licen[sc]e[-_][^.]*(?:\.[^./]+)?$/i],
  [0.65, /^copy(?:ing|right)[-_][^.]*(?:\.[^./]+)?$/i],
  [0.6, /^\w+[-_](?:un)?licen[sc]e[^.]*(?:\.[^./]+)?$/i],
  [0.55, /^\w+[-_]copy(?:ing|right)[^.]*(?:\.[^./]+)?$/i],
  [0.45, /^ofl(?:\.[^./]+)?$/i],
  [0.35, /^patents(?:\.[^./]+)?$/i],
];

const otherExtensions = new Set(['.xml', '.go', '.gemspec', '.spdx', '.header']);

/** How likely a file of that name holds a licence text: 0 (not at all) to 1. */
export function licenceWeight(path: string): number {
  const name = basename(withoutVersions(path));
  if (otherExtensions.has(extension(name))) return 0;
  return patterns.find(([, pattern]) => pattern.test(name))?.[0] ?? 0;
}

const vendorDirectories = new Set([
  '.virtualenv',
  'env',
  'node_modules',
  'rust-src',
  'rustc-src',
  'venv',
]);

/** Some embed a version in names: `rust-1.86.0-src`. */
function withoutVersions(path: string): string {
  return path.replaceAll(/-\d+\.\d+\.\d+-/g, '-');
}

const depthMax = 2;

/**
 * The files of a listing that may hold a licence, likeliest first, without those of tools that a build sets up and what the
 * build makes. `shallow` (default) those of the project itself: at the top or one directory below, and not of others that
 * come with it; `deep` all.
 */
export function licenceFiles(
  paths: readonly string[],
  scan: 'shallow' | 'deep' = 'shallow',
): readonly string[] {
  const weighed = paths.flatMap((path) => {
    const parts = path.split('/');
    const named = withoutVersions(path).split('/');
    const foreign = named.some((part) => vendorDirectories.has(part));
    const far = scan === 'shallow' && (parts.length > depthMax || parts.includes('vendor'));
    if (far || foreign || path.includes('melange-out')) return [];
    const weight = licenceWeight(path);
    return weight === 0 ? [] : [{ path, weight: parts.length === 1 ? weight + 0.5 : weight }];
  });
  return weighed.sort((a, b) => b.weight - a.weight).map(({ path }) => path);
}
