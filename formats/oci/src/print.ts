import { goJson, goMap } from './go-json.ts';
import type { GoJsonValue } from './go-json.ts';
import type {
  Config,
  Descriptor,
  History,
  Index,
  Manifest,
  Platform,
  RuntimeConfig,
} from './types.ts';

/** Canonical bytes of a manifest: fixed member order, Go escaping, no trailing newline. */
export function printManifest(manifest: Manifest): Uint8Array {
  return bytes({
    schemaVersion: 2,
    mediaType: manifest.mediaType,
    artifactType: text(manifest.artifactType),
    config: descriptor(manifest.config),
    layers: manifest.layers.map(descriptor),
    subject: manifest.subject && descriptor(manifest.subject),
    annotations: goMap(manifest.annotations),
  });
}

/** Canonical bytes of an index. The order of manifests is the caller's. */
export function printIndex(index: Index): Uint8Array {
  return bytes({
    schemaVersion: 2,
    mediaType: index.mediaType,
    artifactType: text(index.artifactType),
    manifests: index.manifests.map(descriptor),
    subject: index.subject && descriptor(index.subject),
    annotations: goMap(index.annotations),
  });
}

/** Canonical bytes of an image configuration. */
export function printConfig(config: Config): Uint8Array {
  return bytes({
    architecture: config.architecture,
    author: text(config.author),
    created: text(config.created),
    history: list(config.history?.map(historyRecord)),
    os: config.os,
    rootfs: { type: 'layers', diff_ids: [...config.diffIds] },
    config: runtime(config.config),
    variant: text(config.variant),
    'os.features': list(config.osFeatures),
  });
}

function descriptor(value: Descriptor): GoJsonValue {
  return {
    mediaType: value.mediaType,
    size: value.sizeBytes,
    digest: value.digest,
    data: text(value.data),
    urls: list(value.urls),
    annotations: goMap(value.annotations),
    platform: value.platform && platform(value.platform),
    artifactType: text(value.artifactType),
  };
}

function platform(value: Platform): GoJsonValue {
  return {
    architecture: value.architecture,
    os: value.os,
    'os.version': text(value.osVersion),
    'os.features': list(value.osFeatures),
    variant: text(value.variant),
  };
}

function historyRecord(record: History): GoJsonValue {
  return {
    author: text(record.author),
    created: text(record.created),
    created_by: text(record.createdBy),
    comment: text(record.comment),
    empty_layer: record.emptyLayer === true ? true : undefined,
  };
}

function runtime(config: RuntimeConfig): GoJsonValue {
  return {
    Cmd: list(config.cmd),
    Entrypoint: list(config.entrypoint),
    Env: list(config.env),
    Labels: goMap(config.labels),
    User: text(config.user),
    Volumes: emptyObjects(config.volumes),
    WorkingDir: text(config.workingDir),
    ExposedPorts: emptyObjects(config.exposedPorts),
    StopSignal: text(config.stopSignal),
  };
}

function emptyObjects(names: readonly string[] | undefined): GoJsonValue {
  if (names === undefined || names.length === 0) return undefined;
  return new Map(names.map((name): [string, GoJsonValue] => [name, {}]));
}

function text(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function list<T extends GoJsonValue>(values: readonly T[] | undefined): readonly T[] | undefined {
  return values === undefined || values.length === 0 ? undefined : values;
}

function bytes(value: GoJsonValue): Uint8Array {
  return new TextEncoder().encode(goJson(value));
}
