import { isDigest, isSha512Digest } from '@kiln/base';
import type { Digest, OciDigest } from '@kiln/base';
import { z } from 'zod';
import { mediaTypes } from './media-types.ts';
import { foldedName } from './member-names.ts';
import type { Config, Descriptor, Index, Manifest } from './types.ts';

/** What documents look like whose descriptors have such digests. */
export interface Shapes<D extends OciDigest> {
  readonly manifest: z.ZodType<Manifest<D>>;
  readonly index: z.ZodType<Index<D>>;
}

/** What the documents of images and of registries look like. */
export interface DocumentShapes {
  readonly ofImages: Shapes<Digest>;
  readonly ofRegistries: Shapes<OciDigest>;
  readonly config: z.ZodType<Config>;
  readonly typed: z.ZodType<{ readonly mediaType?: string | undefined }>;
}

/** As `z.array`, but told is only what is wrong first: a hostile document has millions of wrong items. */
function listOf<T>(item: z.ZodType<T>): z.ZodType<T[]> {
  return z.custom<unknown[]>(Array.isArray, 'not a list').transform((items, context) => {
    const parsed: T[] = [];
    for (const [at, value] of items.entries()) {
      const { success, data, error } = item.safeParse(value);
      if (!success) return refuse(context, at, error);
      parsed.push(data);
    }
    return parsed;
  });
}

/** As `z.record` of texts, in the manner of `listOf`. */
function textsByName(): z.ZodType<Record<string, string>> {
  const isObject = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  return z.custom<Record<string, string>>(isObject, 'not an object').superRefine((map, context) => {
    const wrong = Object.keys(map).find((name) => typeof map[name] !== 'string');
    if (wrong !== undefined)
      context.addIssue({ code: 'custom', message: 'not a text', path: [wrong] });
  });
}

/** As `z.object`, but a name that is one of these to readers that do not look at case is refused; unknown ones are ignored. */
function membersOf<S extends z.ZodRawShape>(shape: S) {
  const names = new Map(Object.keys(shape).map((name) => [foldedName(name), name]));
  return z.preprocess((value, context) => {
    if (typeof value !== 'object' || value === null) return value;
    const other = Object.keys(value).find(
      (name) => !Object.hasOwn(shape, name) && names.has(foldedName(name)),
    );
    if (other !== undefined)
      context.addIssue({
        code: 'custom',
        message: `some readers take it for "${names.get(foldedName(other))}"`,
        path: [other],
      });
    return value;
  }, z.object(shape));
}

function refuse(context: z.RefinementCtx, at: number, { issues }: z.ZodError): never {
  for (const { message, path } of issues.slice(0, 1))
    context.addIssue({ code: 'custom', message, path: [at, ...path] });
  return z.NEVER;
}

let made: DocumentShapes | undefined;

/** Made when the first document is read: most commands read none, and to make them takes milliseconds. */
export const documentShapes = (): DocumentShapes => (made ??= makeShapes());

function makeShapes(): DocumentShapes {
  const digest = z.custom<Digest>(
    (value) => typeof value === 'string' && isDigest(value),
    'not a sha256 digest',
  );
  const anyDigest = z.custom<OciDigest>(
    (value) => typeof value === 'string' && (isDigest(value) || isSha512Digest(value)),
    'neither a sha256 nor a sha512 digest',
  );
  const annotations = textsByName();
  const texts = listOf(z.string());
  /** Go prints absent lists and maps as null in places. */
  const orNull = <T extends z.ZodType>(type: T) =>
    z.preprocess((value) => value ?? undefined, type.optional());

  const platform = membersOf({
    architecture: z.string(),
    os: z.string(),
    'os.version': orNull(z.string()),
    'os.features': orNull(texts),
    variant: orNull(z.string()),
  }).transform((p) => ({
    architecture: p.architecture,
    os: p.os,
    osVersion: p['os.version'],
    osFeatures: p['os.features'],
    variant: p.variant,
  }));

  /** The documents of an image whose descriptors have such digests. */
  function shapesOf<D extends OciDigest>(digestOfContent: z.ZodType<D>): Shapes<D> {
    const descriptor: z.ZodType<Descriptor<D>> = membersOf({
      mediaType: z.string().min(1).max(255),
      size: z.number().int().nonnegative(),
      digest: digestOfContent,
      data: orNull(z.string()),
      urls: orNull(texts),
      annotations: orNull(annotations),
      platform: orNull(platform),
      artifactType: orNull(z.string()),
    }).transform(({ size, ...rest }) => ({ ...rest, sizeBytes: size }));

    const manifest: z.ZodType<Manifest<D>> = membersOf({
      schemaVersion: z.literal(2),
      mediaType: z.string().default(mediaTypes.manifest),
      artifactType: orNull(z.string()),
      config: descriptor,
      layers: z.preprocess((value) => value ?? [], listOf(descriptor)),
      subject: orNull(descriptor),
      annotations: orNull(annotations),
    }).transform(({ mediaType, artifactType, config, layers, subject, annotations: notes }) => ({
      mediaType,
      artifactType,
      config,
      layers,
      subject,
      annotations: notes,
    }));

    const index: z.ZodType<Index<D>> = membersOf({
      schemaVersion: z.literal(2),
      mediaType: z.string().default(mediaTypes.index),
      artifactType: orNull(z.string()),
      manifests: z.preprocess((value) => value ?? [], listOf(descriptor)),
      subject: orNull(descriptor),
      annotations: orNull(annotations),
    }).transform(({ mediaType, artifactType, manifests, subject, annotations: notes }) => ({
      mediaType,
      artifactType,
      manifests,
      subject,
      annotations: notes,
    }));

    return { manifest, index };
  }

  const history = membersOf({
    author: orNull(z.string()),
    created: orNull(z.string()),
    created_by: orNull(z.string()),
    comment: orNull(z.string()),
    empty_layer: orNull(z.boolean()),
  }).transform(({ created_by, empty_layer, ...rest }) => ({
    ...rest,
    createdBy: created_by,
    emptyLayer: empty_layer,
  }));

  const nameSet = orNull(z.record(z.string(), z.unknown()).transform((set) => Object.keys(set)));

  const runtime = membersOf({
    Cmd: orNull(texts),
    Entrypoint: orNull(texts),
    Env: orNull(texts),
    Labels: orNull(annotations),
    User: orNull(z.string()),
    Volumes: nameSet,
    WorkingDir: orNull(z.string()),
    StopSignal: orNull(z.string()),
    ExposedPorts: nameSet,
  }).transform((c) => ({
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

  const config: z.ZodType<Config> = membersOf({
    architecture: z.string(),
    os: z.string(),
    author: orNull(z.string()),
    created: orNull(z.string()),
    history: orNull(listOf(history)),
    rootfs: membersOf({
      type: z.literal('layers'),
      diff_ids: z.preprocess((v) => v ?? [], listOf(digest)),
    }),
    config: z.preprocess((value) => value ?? {}, runtime),
    variant: orNull(z.string()),
    'os.features': orNull(texts),
  }).transform(({ rootfs, 'os.features': osFeatures, ...rest }) => ({
    ...rest,
    osFeatures,
    diffIds: rootfs.diff_ids,
  }));

  return {
    ofImages: shapesOf(digest),
    ofRegistries: shapesOf(anyDigest),
    config,
    typed: membersOf({ mediaType: orNull(z.string()) }),
  };
}
