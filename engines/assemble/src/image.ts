import type { Digest } from '@kiln/base';
import { compareBytes, rfc3339, sortUnique } from '@kiln/base';
import { architectureOf, splitWords } from '@kiln/image-config';
import type { ImageConfig } from '@kiln/image-config';
import { descriptorOf, mediaTypes, printConfig, printIndex, printManifest } from '@kiln/oci';
import type { Annotations, Descriptor, Platform, RuntimeConfig } from '@kiln/oci';
import type { BaseImage } from './base-image.ts';
import type { AssemblyDialect } from './failure.ts';

export interface ImageInput {
  /** Default `kiln`. */
  readonly dialect?: AssemblyDialect;
  /** `AssembledTree.config`: `run-as` is resolved in it. */
  readonly config: ImageConfig;
  readonly arch: string;
  /** Lowest first. */
  readonly layers: readonly { readonly descriptor: Descriptor; readonly diffId: Digest }[];
  readonly createdSeconds: number;
  /** How far from UTC that is said, default 0. */
  readonly createdOffsetMinutes?: number;
  /** Source and revision joined by `@`, or "". apko's images of one architecture never have one. */
  readonly vcsUrl?: string;
  /** What the layers lie upon. */
  readonly base?: BaseImage | undefined;
}

/** A document with its exact bytes. */
export interface ImageDocument {
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
}

/** The configuration and the manifest of one architecture's image (OCI image specification 1.1). */
export function imageOf(input: ImageInput): {
  readonly config: ImageDocument;
  readonly manifest: ImageDocument;
} {
  const annotations = { ...input.base?.manifest.annotations, ...annotationsOf(input) };
  const config = document(mediaTypes.config, configBytes(input, annotationsOf(input)));
  const manifest = document(
    mediaTypes.manifest,
    printManifest({
      mediaType: mediaTypes.manifest,
      config: config.descriptor,
      layers: [
        ...(input.base?.manifest.layers ?? []),
        ...input.layers.map(({ descriptor }) => descriptor),
      ],
      annotations,
    }),
  );
  return { config, manifest };
}

export interface IndexInput {
  readonly dialect?: AssemblyDialect;
  readonly config: ImageConfig;
  readonly images: readonly { readonly arch: string; readonly manifest: Descriptor }[];
  readonly createdSeconds: number;
  /** How far from UTC that is said, default 0. */
  readonly createdOffsetMinutes?: number;
  readonly vcsUrl?: string;
}

/** The index over the images of several architectures, sorted by architecture. */
export function indexOf(input: IndexInput): ImageDocument {
  const images = input.images.toSorted((a, b) =>
    compareBytes(canonical(a.arch), canonical(b.arch)),
  );
  const bytes = printIndex({
    mediaType: mediaTypes.index,
    manifests: images.map(({ arch, manifest }) => ({
      ...manifest,
      platform: platformOf(arch),
      artifactType: input.dialect === 'apko' ? mediaTypes.config : undefined,
    })),
    annotations: annotationsOf(input),
  });
  return document(mediaTypes.index, bytes);
}

function document(mediaType: string, bytes: Uint8Array): ImageDocument {
  return { bytes, descriptor: descriptorOf(mediaType, bytes) };
}

function configBytes(input: ImageInput, annotations: Annotations): Uint8Array {
  const created = rfc3339(input.createdSeconds, input.createdOffsetMinutes);
  const name = input.dialect ?? 'kiln';
  const { architecture, variant } = platformOf(input.arch);
  const base = input.base?.config;
  return printConfig({
    architecture,
    os: 'linux',
    author: name === 'apko' ? 'github.com/chainguard-dev/apko' : name,
    created,
    history: [
      ...(base?.history ?? []),
      ...input.layers.map(() => ({
        author: name,
        created,
        createdBy: name,
        comment: comment(input.config.annotations, input.layers.length, name),
      })),
    ],
    diffIds: [...(base?.diffIds ?? []), ...input.layers.map(({ diffId }) => diffId)],
    config: onBase(runtimeOf(input.config, annotations), base?.config),
    variant,
    osFeatures: base?.osFeatures,
  });
}

function comment(
  annotations: Annotations,
  layers: number,
  name: AssemblyDialect,
): string | undefined {
  const title = annotations['org.opencontainers.image.title'];
  const vendor = annotations['org.opencontainers.image.vendor'];
  if (title !== undefined && vendor !== undefined) return `${title} by ${vendor}`;
  return layers === 1
    ? `This is ${name === 'apko' ? 'an' : 'a'} ${name} single-layer image`
    : undefined;
}

function runtimeOf(config: ImageConfig, annotations: Annotations): RuntimeConfig {
  const { command, shellFragment } = config.entrypoint;
  const environment = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/bin:/usr/sbin:/sbin:/bin',
    SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt',
    ...config.environment,
  };
  return {
    cmd: splitWords(config.cmd),
    entrypoint: shellFragment === '' ? splitWords(command) : ['/bin/sh', '-c', shellFragment],
    env: sortUnique(Object.entries(environment).map(([key, value]) => `${key}=${value}`)),
    labels: annotations,
    user: config.accounts.runAs,
    volumes: config.volumes,
    workingDir: config.workDir,
    stopSignal: config.stopSignal,
  };
}

/** What the base image says counts where the image itself says nothing; labels and environment are always its own. */
function onBase(own: RuntimeConfig, base: RuntimeConfig | undefined): RuntimeConfig {
  if (base === undefined) return own;
  const list = (name: 'cmd' | 'entrypoint' | 'volumes'): readonly string[] | undefined =>
    own[name]?.length ? own[name] : base[name];
  const text = (name: 'user' | 'workingDir' | 'stopSignal'): string | undefined =>
    own[name] || base[name];
  return {
    ...own,
    cmd: list('cmd'),
    entrypoint: list('entrypoint'),
    volumes: list('volumes'),
    user: text('user'),
    workingDir: text('workingDir'),
    stopSignal: text('stopSignal'),
    exposedPorts: base.exposedPorts,
  };
}

function annotationsOf(
  input: Pick<IndexInput, 'config' | 'createdSeconds' | 'createdOffsetMinutes' | 'vcsUrl'>,
): Annotations {
  const vcsUrl = input.vcsUrl ?? '';
  const at = vcsUrl.indexOf('@');
  return {
    ...input.config.annotations,
    'org.opencontainers.image.created': rfc3339(input.createdSeconds, input.createdOffsetMinutes),
    ...(at === -1
      ? {}
      : {
          'org.opencontainers.image.source': vcsUrl.slice(0, at),
          'org.opencontainers.image.revision': vcsUrl.slice(at + 1),
        }),
  };
}

function platformOf(arch: string): Platform {
  const oci = architectureOf(arch)?.oci ?? { architecture: arch, variant: undefined };
  return { architecture: oci.architecture, os: 'linux', variant: oci.variant };
}

function canonical(arch: string): string {
  return architectureOf(arch)?.canonical ?? arch;
}
