import type { Digest } from '@kiln/base';
import { KilnError, compareBytes, digestOf } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { Config } from '@kiln/oci';
import { documentBytesMax, environmentVariables, parseConfig } from '@kiln/oci';
import type { ImageSettings } from './api/image-schemas.ts';

/** What a configuration sets; null where it is missing or damaged. Throws what the store does. */
export async function imageSettings(
  blobs: Pick<BlobStore, 'bytes'>,
  digest: Digest,
): Promise<ImageSettings | null> {
  try {
    const bytes = await blobs.bytes(digest, documentBytesMax);
    return digestOf(bytes) === digest ? settingsOf(parseConfig(bytes)) : null;
  } catch (error) {
    if (error instanceof KilnError && error.code === 'BLOB_UNKNOWN') return null;
    throw error;
  }
}

function settingsOf({ os, architecture, variant, config }: Config): ImageSettings {
  return {
    os,
    architecture,
    variant: variant ?? '',
    user: config.user ?? '',
    entrypoint: [...(config.entrypoint ?? [])],
    command: [...(config.cmd ?? [])],
    workingDirectory: config.workingDir ?? '',
    stopSignal: config.stopSignal ?? '',
    environment: [...environmentVariables(config)],
    labels: Object.entries(config.labels ?? {})
      .map(([name, value]) => ({ name, value }))
      .sort((a, b) => compareBytes(a.name, b.name)),
  };
}
