import { KilnError, shorten } from '@kiln/base';
import type { Digest, OciDigest } from '@kiln/base';
import type { z } from 'zod';
import { isIndexMediaType, isManifestMediaType, mediaTypes } from './media-types.ts';
import { repeatedName } from './member-names.ts';
import { documentShapes } from './shapes.ts';
import type { Shapes } from './shapes.ts';
import type { Config, Index, Manifest } from './types.ts';

/** Largest manifest, index or configuration that is read: 4 MiB, the least that the distribution specification asks. */
export const documentBytesMax: number = 4 * 1024 * 1024;

/**
 * Reads an image manifest; unknown members are ignored. Throws `OCI_MANIFEST_INVALID`, or `OCI_DOCUMENT_TOO_LARGE`
 * above `documentBytesMax`.
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  return manifestOf(readJson(bytes, 'OCI_MANIFEST_INVALID'), documentShapes().ofImages);
}

function manifestOf<D extends OciDigest>(json: unknown, of: Shapes<D>): Manifest<D> {
  const manifest = shaped(json, of.manifest, 'OCI_MANIFEST_INVALID');
  if (isManifestMediaType(manifest.mediaType)) return manifest;
  throw new KilnError(
    'OCI_MANIFEST_INVALID',
    `not a manifest media type: "${shorten(manifest.mediaType)}"`,
  );
}

/** Reads an image index; unknown members are ignored. Throws `OCI_INDEX_INVALID` or `OCI_DOCUMENT_TOO_LARGE`. */
export function parseIndex(bytes: Uint8Array): Index {
  return indexOf(readJson(bytes, 'OCI_INDEX_INVALID'), documentShapes().ofImages);
}

function indexOf<D extends OciDigest>(json: unknown, of: Shapes<D>): Index<D> {
  const index = shaped(json, of.index, 'OCI_INDEX_INVALID');
  if (isIndexMediaType(index.mediaType)) return index;
  throw new KilnError(
    'OCI_INDEX_INVALID',
    `not an index media type: "${shorten(index.mediaType)}"`,
  );
}

/** Reads an image configuration. Throws `OCI_CONFIG_INVALID` or `OCI_DOCUMENT_TOO_LARGE`. */
export function parseConfig(bytes: Uint8Array): Config {
  return shaped(
    readJson(bytes, 'OCI_CONFIG_INVALID'),
    documentShapes().config,
    'OCI_CONFIG_INVALID',
  );
}

/** What a registry stores under a digest. */
export type ManifestDocument<D extends OciDigest = Digest> =
  | { readonly kind: 'manifest'; readonly mediaType: string; readonly manifest: Manifest<D> }
  | { readonly kind: 'index'; readonly mediaType: string; readonly index: Index<D> };

/**
 * Reads a manifest or an index, whichever the media type says: the one given (an HTTP `Content-Type` without
 * parameters), else the document's own. Throws `OCI_MANIFEST_INVALID`, `OCI_INDEX_INVALID`, `OCI_DOCUMENT_TOO_LARGE`,
 * and `OCI_MEDIA_TYPE_UNKNOWN` for another type or when the document contradicts the one given.
 */
export function parseManifestDocument(bytes: Uint8Array, contentType?: string): ManifestDocument {
  return documentOf(bytes, contentType, documentShapes().ofImages);
}

/** As `parseManifestDocument`, where descriptors may name content by its SHA-512 too: what a registry takes. */
export function parseStoredDocument(
  bytes: Uint8Array,
  contentType?: string,
): ManifestDocument<OciDigest> {
  return documentOf(bytes, contentType, documentShapes().ofRegistries);
}

function documentOf<D extends OciDigest>(
  bytes: Uint8Array,
  contentType: string | undefined,
  of: Shapes<D>,
): ManifestDocument<D> {
  const json = readJson(bytes, 'OCI_MANIFEST_INVALID');
  const { mediaType: own } = shaped(json, documentShapes().typed, 'OCI_MANIFEST_INVALID');
  const mediaType = contentType ?? own ?? mediaTypes.manifest;
  if (own !== undefined && own !== mediaType) {
    throw new KilnError(
      'OCI_MEDIA_TYPE_UNKNOWN',
      `the document says "${shorten(own)}" but was sent as "${shorten(mediaType)}"`,
    );
  }
  if (isIndexMediaType(mediaType))
    return { kind: 'index', mediaType, index: { ...indexOf(json, of), mediaType } };
  if (isManifestMediaType(mediaType)) {
    return { kind: 'manifest', mediaType, manifest: { ...manifestOf(json, of), mediaType } };
  }
  throw new KilnError(
    'OCI_MEDIA_TYPE_UNKNOWN',
    `not a manifest or index media type: "${shorten(mediaType)}"`,
  );
}

function shaped<T>(json: unknown, shape: z.ZodType<T>, code: string): T {
  const result = shape.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue === undefined || issue.path.length === 0 ? 'document' : issue.path.join('.');
  throw new KilnError(code, `${shorten(path)}: ${issue?.message ?? 'invalid'}`);
}

function readJson(bytes: Uint8Array, code: string): unknown {
  if (bytes.length > documentBytesMax) {
    throw new KilnError(
      'OCI_DOCUMENT_TOO_LARGE',
      `document of ${bytes.length} bytes exceeds ${documentBytesMax}`,
    );
  }
  let text: string;
  let value: unknown;
  try {
    // A byte order mark is kept, and refused: Go's clients read no such document.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new KilnError(code, 'not a JSON document in UTF-8', { cause });
  }
  const repeated = repeatedName(text);
  if (repeated === undefined) return value;
  throw new KilnError(code, `a member "${shorten(repeated)}" is there twice`);
}
