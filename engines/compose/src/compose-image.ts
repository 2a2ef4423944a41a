import { configure, imageFacts, imageLayers, imageOf } from '@kiln/assemble';
import type { AssembledTree, ImageLayer, StoredLayer } from '@kiln/assemble';
import type { Digest } from '@kiln/base';
import { canonicalJson, rfc3339 } from '@kiln/base';
import { composeBlob, fitsPack } from '@kiln/blobs';
import { composeCyclonedx } from '@kiln/cyclonedx';
import type { BlobLink } from '@kiln/factory';
import { printApkoJson } from '@kiln/image-config';
import type { ImageConfig } from '@kiln/image-config';
import {
  COSIGN_SIGN_PREDICATE,
  CYCLONEDX_PREDICATE,
  SLSA_PROVENANCE_PREDICATE,
  SPDX_PREDICATE,
  slsaProvenance,
} from '@kiln/intoto';
import { mediaTypes } from '@kiln/oci';
import type { Descriptor } from '@kiln/oci';
import { composeStatement } from '@kiln/publish';
import type { ComposedImage, ComposedStatement, StatementPart } from '@kiln/publish';
import type { Key } from '@kiln/queue';
import { composeSpdx } from '@kiln/spdx';
import { COMPOSITION_BUILD_TYPE, KILN_BUILDER_ID } from '@kiln/trust';
import type { ComposedLayer } from './composed-layer.ts';
import { composeLayer } from './composed-layer.ts';
import type { ComposedSbomFormat } from './composition.ts';
import type { PackageSet } from './package-set.ts';
import type { SegmentMemo } from './segment-memo.ts';

export interface ComposeRequest {
  readonly set: PackageSet;
  /** Whole: of the base and what is laid over it. Its packages are those that the set was resolved from. */
  readonly config: ImageConfig;
  /** The image that it is laid over, and the text that is laid over it: for the provenance. */
  readonly base: { readonly name: string; readonly manifest: Digest };
  readonly overlay: string;
  readonly repository: string;
  /** Whose record the statements are. */
  readonly key: Key;
  /** Moved to the image; none for one that is known by its digest. */
  readonly tags: ComposedImage['tags'];
  readonly builder: { readonly name: string; readonly version: string };
  readonly sbomFormats: readonly ComposedSbomFormat[];
}

/**
 * Composes an image of a package set: the manifest, configuration and layers that `assemble` and `imageOf` make of the same
 * packages and configuration, byte for byte, with a signature, SBOMs and provenance to be signed. No file of a package is
 * read. Throws what `configure` does.
 */
export async function composeImage(
  request: ComposeRequest,
  memo: SegmentMemo,
): Promise<ComposedImage> {
  const { set, config, repository, key, tags } = request;
  const { arch, sourceDateEpochSeconds: createdSeconds } = set.input;
  const { packages, compression } = set;
  const assembled = await configure(set.installed, { ...set.installed.input, packages, config });
  const planned = config.layering === undefined ? set.layersOf(assembled.tree) : undefined;
  const layers = planned ?? (await imageLayers(assembled));
  const top = layers.at(-1);
  if (top === undefined) throw new Error('assertion failed: an image without layers');
  const stored = await Promise.all(layers.slice(0, -1).map((layer) => set.stored(layer)));
  const own =
    contentBytes(top) > ownBytesMax ? undefined : await composeLayer(top, { memo, compression });
  // What a pack does not take would be held until all that is published with it is composed.
  const packed = own !== undefined && fitsPack(own.blob) ? [own.blob] : [];
  if (own !== undefined && packed.length === 0) await set.store(own.blob);
  const last = own === undefined ? await set.stored(top) : storedAs(own, compression.mediaType);
  const all = [...stored, last];
  const shared = packed.length === 0 ? all : stored;
  const image = imageOf({
    config: assembled.config,
    arch,
    layers: all,
    createdSeconds,
    vcsUrl: config.vcsUrl,
  });
  const about = {
    assembled,
    request,
    manifest: image.manifest.descriptor,
    layers: all.map(({ descriptor }) => descriptor),
    created: rfc3339(createdSeconds),
  };
  return {
    repository,
    key,
    blobs: [...packed, composeBlob([image.config.bytes])],
    links: shared.map(({ descriptor }): BlobLink => descriptor),
    manifest: { blob: composeBlob([image.manifest.bytes]), mediaType: mediaTypes.manifest },
    components: set.components,
    statements: [...(await sbomStatements(about)), provenanceStatement(about), signature(about)],
    tags,
    created: about.created,
  };
}

/** A layer with more in it is not composed in memory but written to the store, as packages' layers are. */
const ownBytesMax = 16 * 1024 * 1024;

function contentBytes({ entries }: ImageLayer): number {
  return entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function storedAs(
  { blob: { digest, sizeBytes }, diffId }: ComposedLayer,
  mediaType: string,
): StoredLayer {
  return { descriptor: { mediaType, digest, sizeBytes }, diffId };
}

interface About {
  readonly assembled: AssembledTree;
  readonly request: ComposeRequest;
  readonly manifest: Descriptor;
  readonly layers: readonly Descriptor[];
  /** RFC 3339 in UTC with whole seconds. */
  readonly created: string;
}

const sboms = {
  spdx: { predicateType: SPDX_PREDICATE, compose: composeSpdx },
  cyclonedx: { predicateType: CYCLONEDX_PREDICATE, compose: composeCyclonedx },
} as const;

async function sbomStatements(about: About): Promise<readonly ComposedStatement[]> {
  const { set, repository, builder, sbomFormats } = about.request;
  const { assembled, manifest, layers } = about;
  const facts = await imageFacts({
    assembled,
    arch: set.input.arch,
    manifest,
    layers,
    repositoryName: repository.slice(repository.lastIndexOf('/') + 1),
    tool: builder,
    vcsUrl: about.request.config.vcsUrl,
  });
  return Promise.all(
    sbomFormats.map(async (format) => {
      const { predicateType, compose } = sboms[format];
      const chunks = compose(facts, await set.fragments(format));
      return statement(
        about,
        predicateType,
        chunks.map((chunk) => set.statementPart(chunk)),
      );
    }),
  );
}

const noDependencies = '"resolvedDependencies":[]';

function provenanceStatement(about: About): ComposedStatement {
  const { config, repository, set, builder, base, overlay } = about.request;
  const text = canonicalJson(
    slsaProvenance({
      buildType: COMPOSITION_BUILD_TYPE,
      externalParameters: {
        name: repository,
        base: { name: base.name, digest: base.manifest },
        overlay,
        configuration: printApkoJson(config),
        architectures: [set.input.arch],
        epochSeconds: set.input.sourceDateEpochSeconds,
        ...(set.input.compression === 'zstd' ? { compression: 'zstd' } : {}),
      },
      internalParameters: {},
      resolvedDependencies: [],
      builderId: KILN_BUILDER_ID,
      builderVersion: { [builder.name]: builder.version },
      byproducts: [],
    }),
  );
  // In a text within the document the quotes would be escaped.
  const at = text.indexOf(noDependencies) + noDependencies.length - 1;
  const bytes = [text.slice(0, at), text.slice(at)].map((part) => Buffer.from(part));
  return statement(about, SLSA_PROVENANCE_PREDICATE, [
    bytes[0] ?? Buffer.alloc(0),
    set.dependencies,
    bytes[1] ?? Buffer.alloc(0),
  ]);
}

function signature(about: About): ComposedStatement {
  return statement(about, COSIGN_SIGN_PREDICATE, [Buffer.from('{}')]);
}

function statement(
  { request, manifest }: About,
  predicateType: string,
  predicate: readonly StatementPart[],
): ComposedStatement {
  return composeStatement(
    { name: request.repository, digest: manifest.digest },
    predicateType,
    predicate,
  );
}
