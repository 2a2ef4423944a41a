import { KilnError, isDigest, isSha512Digest, shorten } from '@kiln/base';
import type { Digest, OciDigest } from '@kiln/base';
import { z } from 'zod';
import { isIndexMediaType, isManifestMediaType, mediaTypes } from './media-types.ts';
import type { Config, Descriptor, Index, Manifest } from './types.ts';

/** Largest manifest, index or configuration that is read: 4 MiB, the least that the distribution specification asks. */
export const documentBytesMax: number = 4 * 1024 * 1024;

const digest = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'not a sha256 digest',
);
const anyDigest = z.custom<OciDigest>(
  (value) => typeof value === 'string' && (isDigest(value) || isSha512Digest(value)),
  'neither a sha256 nor a sha512 digest',
);
const annotations = z.record(z.string(), z.string());
const texts = z.array(z.string());
/** Go prints absent lists and maps as null in places. */
const orNull = <T extends z.ZodType>(type: T) =>
  z.preprocess((value) => value ?? undefined, type.optional());

const platform = z
  .object({
    architecture: z.string(),
    os: z.string(),
    'os.version': orNull(z.string()),
    'os.features': orNull(texts),
    variant: orNull(z.string()),
  })
  .transform((p) => ({
    architecture: p.architecture,
    os: p.os,
    osVersion: p['os.version'],
    osFeatures: p['os.features'],
    variant: p.variant,
  }));

interface Shapes<D extends OciDigest> {
  readonly manifest: z.ZodType<Manifest<D>>;
  readonly index: z.ZodType<Index<D>>;
}

/** The documents of an image whose descriptors have such digests. */
function shapesOf<D extends OciDigest>(digestOfContent: z.ZodType<D>): Shapes<D> {
  const descriptor: z.ZodType<Descriptor<D>> = z
    .object({
      mediaType: z.string().min(1).max(255),
      size: z.number().int().nonnegative(),
      digest: digestOfContent,
      data: orNull(z.string()),
      urls: orNull(texts),
      annotations: orNull(annotations),
      platform: orNull(platform),
      artifactType: orNull(z.string()),
    })
    .transform(({ size, ...rest }) => ({ ...rest, sizeBytes: size }));

  const manifest: z.ZodType<Manifest<D>> = z
    .object({
      schemaVersion: z.literal(2),
      mediaType: z.string().default(mediaTypes.manifest),
      artifactType: orNull(z.string()),
      config: descriptor,
      layers: z.preprocess((value) => value ?? [], z.array(descriptor)),
      subject: orNull(descriptor),
      annotations: orNull(annotations),
    })
    .transform(({ mediaType, artifactType, config, layers, subject, annotations: notes }) => ({
      mediaType,
      artifactType,
      config,
      layers,
      subject,
      annotations: notes,
    }));

  const index: z.ZodType<Index<D>> = z
    .object({
      schemaVersion: z.literal(2),
      mediaType: z.string().default(mediaTypes.index),
      artifactType: orNull(z.string()),
      manifests: z.preprocess((value) => value ?? [], z.array(descriptor)),
      subject: orNull(descriptor),
      annotations: orNull(annotations),
    })
    .transform(({ mediaType, artifactType, manifests, subject, annotations: notes }) => ({
      mediaType,
      artifactType,
      manifests,
      subject,
      annotations: notes,
    }));

  return { manifest, index };
}

const shapes = shapesOf(digest);
const anyShapes = shapesOf(anyDigest);

const history = z
  .object({
    author: orNull(z.string()),
    created: orNull(z.string()),
    created_by: orNull(z.string()),
    comment: orNull(z.string()),
    empty_layer: orNull(z.boolean()),
  })
  .transform(({ created_by, empty_layer, ...rest }) => ({
    ...rest,
    createdBy: created_by,
    emptyLayer: empty_layer,
  }));

const nameSet = orNull(z.record(z.string(), z.unknown()).transform((set) => Object.keys(set)));

const runtime = z
  .object({
    Cmd: orNull(texts),
    Entrypoint: orNull(texts),
    Env: orNull(texts),
    Labels: orNull(annotations),
    User: orNull(z.string()),
    Volumes: nameSet,
    WorkingDir: orNull(z.string()),
    StopSignal: orNull(z.string()),
    ExposedPorts: nameSet,
  })
  .transform((c) => ({
    cmd: c.Cmd,
    entrypoint: c.Entrypoint,
    env: c.Env,
    labels: c.Labels,
    user: c.User,
    volumes: c.Volumes,
    workingDir: c.WorkingDir,
    stopSignal: c.StopSignal,
    exposedPorts: c.ExposedPorts,
  }));

const configShape: z.ZodType<Config> = z
  .object({
    architecture: z.string(),
    os: z.string(),
    author: orNull(z.string()),
    created: orNull(z.string()),
    history: orNull(z.array(history)),
    rootfs: z.object({
      type: z.literal('layers'),
      diff_ids: z.preprocess((v) => v ?? [], z.array(digest)),
    }),
    config: z.preprocess((value) => value ?? {}, runtime),
    variant: orNull(z.string()),
    'os.features': orNull(texts),
  })
  .transform(({ rootfs, 'os.features': osFeatures, ...rest }) => ({
    ...rest,
    osFeatures,
    diffIds: rootfs.diff_ids,
  }));

/**
 * Reads an image manifest; unknown members are ignored. Throws `OCI_MANIFEST_INVALID`, or `OCI_DOCUMENT_TOO_LARGE`
 * above `documentBytesMax`.
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  return manifestOf(bytes, shapes);
}

function manifestOf<D extends OciDigest>(bytes: Uint8Array, of: Shapes<D>): Manifest<D> {
  const manifest = parseDocument(bytes, of.manifest, 'OCI_MANIFEST_INVALID');
  if (isManifestMediaType(manifest.mediaType)) return manifest;
  throw new KilnError(
    'OCI_MANIFEST_INVALID',
    `not a manifest media type: "${shorten(manifest.mediaType)}"`,
  );
}

/** Reads an image index; unknown members are ignored. Throws `OCI_INDEX_INVALID` or `OCI_DOCUMENT_TOO_LARGE`. */
export function parseIndex(bytes: Uint8Array): Index {
  return indexOf(bytes, shapes);
}

function indexOf<D extends OciDigest>(bytes: Uint8Array, of: Shapes<D>): Index<D> {
  const index = parseDocument(bytes, of.index, 'OCI_INDEX_INVALID');
  if (isIndexMediaType(index.mediaType)) return index;
  throw new KilnError(
    'OCI_INDEX_INVALID',
    `not an index media type: "${shorten(index.mediaType)}"`,
  );
}

/** Reads an image configuration. Throws `OCI_CONFIG_INVALID` or `OCI_DOCUMENT_TOO_LARGE`. */
export function parseConfig(bytes: Uint8Array): Config {
  return parseDocument(bytes, configShape, 'OCI_CONFIG_INVALID');
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
  return documentOf(bytes, contentType, shapes);
}

/** As `parseManifestDocument`, where descriptors may name content by its SHA-512 too: what a registry takes. */
export function parseStoredDocument(
  bytes: Uint8Array,
  contentType?: string,
): ManifestDocument<OciDigest> {
  return documentOf(bytes, contentType, anyShapes);
}

function documentOf<D extends OciDigest>(
  bytes: Uint8Array,
  contentType: string | undefined,
  of: Shapes<D>,
): ManifestDocument<D> {
  const own = ownMediaType(bytes);
  const mediaType = contentType ?? own ?? mediaTypes.manifest;
  if (own !== undefined && own !== mediaType) {
    throw new KilnError(
      'OCI_MEDIA_TYPE_UNKNOWN',
      `the document says "${shorten(own)}" but was sent as "${shorten(mediaType)}"`,
    );
  }
  if (isIndexMediaType(mediaType))
    return { kind: 'index', mediaType, index: { ...indexOf(bytes, of), mediaType } };
  if (isManifestMediaType(mediaType)) {
    return { kind: 'manifest', mediaType, manifest: { ...manifestOf(bytes, of), mediaType } };
  }
  throw new KilnError(
    'OCI_MEDIA_TYPE_UNKNOWN',
    `not a manifest or index media type: "${shorten(mediaType)}"`,
  );
}

function ownMediaType(bytes: Uint8Array): string | undefined {
  const shape = z.object({ mediaType: orNull(z.string()) });
  return parseDocument(bytes, shape, 'OCI_MANIFEST_INVALID').mediaType;
}

function parseDocument<T>(bytes: Uint8Array, shape: z.ZodType<T>, code: string): T {
  if (bytes.length > documentBytesMax) {
    throw new KilnError(
      'OCI_DOCUMENT_TOO_LARGE',
      `document of ${bytes.length} bytes exceeds ${documentBytesMax}`,
    );
  }
  const result = shape.safeParse(parseJson(bytes, code));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue === undefined || issue.path.length === 0 ? 'document' : issue.path.join('.');
  throw new KilnError(code, `${shorten(path)}: ${issue?.message ?? 'invalid'}`);
}

function parseJson(bytes: Uint8Array, code: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new KilnError(code, 'not a JSON document in UTF-8', { cause });
  }
}
