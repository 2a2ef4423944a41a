import { KilnError, shorten } from '@kiln/base';
import type { Relation } from './relations.ts';
import { parseRelations } from './relations.ts';
import type { Stanza } from './stanza.ts';
import { field } from './stanza.ts';

/** What a binary package says of itself, in `Packages` and in its own control file. */
export interface BinaryPackage {
  readonly name: string;
  readonly version: string;
  /** `amd64`, `all` … */
  readonly architecture: string;
  /** Source package; its own name when the field is absent. */
  readonly source: string;
  readonly essential: boolean;
  /** First line of the description. */
  readonly summary: string;
  readonly homepage: string;
  /** `Pre-Depends`, then `Depends`. */
  readonly depends: readonly Relation[];
  readonly provides: readonly Relation[];
}

/** A binary package with the file that a `Packages` index promises. */
export interface IndexedPackage extends BinaryPackage {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Throws `DEB822_INVALID`. */
export function binaryPackage(stanza: Stanza): BinaryPackage {
  const name = field(stanza, 'Package');
  if (!/^[a-z0-9][a-z0-9+.-]*$/.test(name)) throw invalid(`not a package name: "${shorten(name)}"`);
  return {
    name,
    version: debianVersion(field(stanza, 'Version')),
    architecture: field(stanza, 'Architecture'),
    source: (stanza.get('source') ?? name).split(' ')[0] ?? name,
    essential: stanza.get('essential') === 'yes',
    summary: (stanza.get('description') ?? '').split('\n')[0] ?? '',
    homepage: stanza.get('homepage') ?? '',
    depends: ['pre-depends', 'depends'].flatMap((key) => parseRelations(stanza.get(key) ?? '')),
    provides: parseRelations(stanza.get('provides') ?? ''),
  };
}

/** Throws `DEB822_INVALID`. */
export function indexedPackage(stanza: Stanza): IndexedPackage {
  return {
    ...binaryPackage(stanza),
    sha256: sha256Of(field(stanza, 'SHA256')),
    sizeBytes: sizeOf(field(stanza, 'Size')),
  };
}

/** A file of a source package. */
export interface SourceFile {
  readonly name: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface SourcePackage {
  readonly name: string;
  readonly version: string;
  readonly files: readonly SourceFile[];
}

/** One stanza of a `Sources` index, its files by `Checksums-Sha256`. Throws `DEB822_INVALID`. */
export function sourcePackage(stanza: Stanza): SourcePackage {
  return {
    name: field(stanza, 'Package'),
    version: debianVersion(field(stanza, 'Version')),
    files: (stanza.get('checksums-sha256') ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map(sourceFile),
  };
}

function sourceFile(line: string): SourceFile {
  const [sha256 = '', size = '', name = '', ...rest] = line.split(/\s+/);
  if (rest.length > 0 || !/^[A-Za-z0-9][A-Za-z0-9+._~%-]*$/.test(name)) {
    throw invalid(`not a file of a source package: "${shorten(line)}"`);
  }
  return { name, sha256: sha256Of(sha256), sizeBytes: sizeOf(size) };
}

function debianVersion(text: string): string {
  if (!/^[0-9A-Za-z.+~:-]+$/.test(text)) throw invalid(`not a version: "${shorten(text)}"`);
  return text;
}

function sha256Of(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw invalid(`not a SHA-256: "${shorten(text)}"`);
  return text;
}

function sizeOf(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw invalid(`not a size: "${shorten(text)}"`);
  return Number(text);
}

function invalid(message: string): KilnError {
  return new KilnError('DEB822_INVALID', message);
}
