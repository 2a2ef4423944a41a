import type { KeyObject } from 'node:crypto';
import { counted } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { parseConfig, parseManifestDocument } from '@kiln/oci';
import type { Descriptor, Index, Manifest, ManifestDocument } from '@kiln/oci';
import { attempt, readAttestations } from './attestations.ts';
import { kilnImageExpectations } from './build-types.ts';
import type { ProvenanceExpectations } from './build-types.ts';
import { verificationLimits } from './image-source.ts';
import type { ImageSource, VerificationLimits } from './image-source.ts';
import { checkBlob, no, readBlob, readManifest, yes } from './read-content.ts';
import type { Outcome } from './read-content.ts';
import { openImageKey } from './signing-keys.ts';
import { checkKind, hasKind, isComposition } from './statement-checks.ts';
import type { AttestationKind } from './statement-checks.ts';
import { verificationReport } from './verification.ts';
import type { CheckName, VerificationCheck, VerificationReport } from './verification.ts';

export interface VerifyImageRequest extends ImageSource {
  /** The manifest or index to verify. A tag is resolved by the caller, once. */
  readonly digest: Digest;
  /** The public half that everything must be signed by: ECDSA P-256 in PEM. */
  readonly imageKeyPem: string;
  readonly expectations?: ProvenanceExpectations;
  /** What each manifest and the index must carry; default all four, a composition three: it has no test result. */
  readonly required?: readonly AttestationKind[];
  readonly limits?: VerificationLimits;
}

const allKinds: readonly AttestationKind[] = ['signature', 'sbom', 'provenance', 'test result'];

/**
 * Verifies an image as a stranger would, from its digest and a public key: each manifest is the content of its digest;
 * config and layers are all there with digest and size; the index and each platform manifest has a signature, an SBOM,
 * provenance and a test result, signed by the key, of the right predicate type, about this digest, and plausible.
 * An ordinary "no" is a failed check, never an exception; see `assertVerified`. Throws `KEYS_INVALID` for a bad key, and
 * what the source throws when it cannot be read at all.
 */
export async function verifyImage(request: VerifyImageRequest): Promise<VerificationReport> {
  const imageKey = openImageKey(request.imageKeyPem);
  const checks: VerificationCheck[] = [];
  const context: Context = {
    request,
    imageKey,
    limits: request.limits ?? verificationLimits,
    checks,
  };
  await verifyTarget(context, { digest: request.digest, name: 'image', depth: 0 });
  return verificationReport(request.digest, checks);
}

interface Context {
  readonly request: VerifyImageRequest;
  readonly imageKey: KeyObject;
  readonly limits: VerificationLimits;
  readonly checks: VerificationCheck[];
}

/** A manifest to verify; `descriptor` is what an index says about it. */
interface Target {
  readonly digest: Digest;
  readonly name: string;
  readonly depth: number;
  readonly descriptor?: Descriptor;
}

async function verifyTarget(context: Context, target: Target): Promise<void> {
  const bytes = await readManifest(context.request, target.digest, target.descriptor?.sizeBytes);
  const document = bytes.ok ? parseTarget(bytes.value, target) : bytes;
  const name = document.ok && document.value.kind === 'index' ? 'index' : target.name;
  const named = { ...target, name };
  if (!bytes.ok || !document.ok) {
    note(context, named, 'manifest', document.ok ? no('not read') : document);
    for (const kind of kinds(context))
      skip(context, named, kind, 'the manifest is not there to be spoken of');
    return;
  }
  note(context, named, 'manifest', yes(`${bytes.value.length} bytes have the digest`));
  if (document.value.kind === 'index') await verifyIndex(context, named, document.value.index);
  else note(context, named, 'content', await checkContent(context, named, document.value.manifest));
  await verifyAttestations(context, named);
  if (document.value.kind === 'index') await verifyPlatforms(context, document.value.index);
}

function parseTarget(bytes: Uint8Array, target: Target): Outcome<ManifestDocument> {
  const parsed = attempt(() => parseManifestDocument(bytes, target.descriptor?.mediaType));
  if (!parsed.ok) return parsed;
  if (parsed.value.kind === 'index' && target.depth > 0) return no('an index inside an index');
  return parsed;
}

async function verifyIndex(context: Context, target: Target, index: Index): Promise<void> {
  const { length } = index.manifests;
  const max = context.limits.platformsMax;
  const within = length > 0 && length <= max;
  const names = index.manifests.slice(0, max).map(platformName).join(', ');
  const outcome = within
    ? yes(`${length}: ${names}`)
    : no(`${counted(length, 'manifest')}, expected 1 to ${max}`);
  note(context, target, 'platforms', outcome);
}

async function verifyPlatforms(context: Context, index: Index): Promise<void> {
  for (const descriptor of index.manifests.slice(0, context.limits.platformsMax)) {
    const name = platformName(descriptor);
    await verifyTarget(context, { digest: descriptor.digest, name, depth: 1, descriptor });
  }
}

async function checkContent(
  context: Context,
  target: Target,
  manifest: Manifest,
): Promise<Outcome<string>> {
  const { layers, config } = manifest;
  if (layers.length === 0 || layers.length > context.limits.layersMax) {
    return no(`${counted(layers.length, 'layer')}, expected 1 to ${context.limits.layersMax}`);
  }
  const configOutcome = await checkConfig(context, target, manifest);
  if (!configOutcome.ok) return configOutcome;
  let sizeBytes = config.sizeBytes;
  for (const layer of layers) {
    const outcome = await checkBlob(context.request, layer);
    if (!outcome.ok) return outcome;
    sizeBytes += layer.sizeBytes;
  }
  const blobs = `config and ${counted(layers.length, 'layer')}`;
  return yes(`${blobs}, ${sizeBytes} bytes, have their digests and sizes`);
}

const configSizeBytesMax = 4 * 1024 * 1024;

async function checkConfig(
  context: Context,
  target: Target,
  manifest: Manifest,
): Promise<Outcome<undefined>> {
  if (manifest.config.sizeBytes > configSizeBytesMax) return no('the config is too large');
  const bytes = await readBlob(context.request, manifest.config);
  if (!bytes.ok) return bytes;
  const config = attempt(() => parseConfig(bytes.value));
  if (!config.ok) return config;
  const { diffIds, os, architecture } = config.value;
  if (diffIds.length !== manifest.layers.length) {
    return no(
      `the config names ${counted(diffIds.length, 'layer')}, the manifest ${manifest.layers.length}`,
    );
  }
  const platform = target.descriptor?.platform;
  if (platform !== undefined && (platform.os !== os || platform.architecture !== architecture)) {
    return no(`the config is for ${os}/${architecture}, the index says ${target.name}`);
  }
  return yes(undefined);
}

async function verifyAttestations(context: Context, target: Target): Promise<void> {
  const { request, imageKey, limits } = context;
  const attestations = await readAttestations({
    source: request,
    subject: target.digest,
    imageKey,
    limits,
  });
  const expectations = request.expectations ?? kilnImageExpectations;
  const untested = request.required === undefined && isComposition(attestations);
  for (const kind of kinds(context)) {
    const outcome = checkKind(kind, attestations, expectations);
    if (kind === 'test result' && untested && !hasKind(kind, attestations))
      skip(context, target, kind, 'composed of a tested image, and not tested itself');
    else note(context, target, kind, outcome);
  }
  for (const kind of allKinds.filter((one) => !kinds(context).includes(one))) {
    skip(context, target, kind, 'not asked for');
  }
}

function kinds(context: Context): readonly AttestationKind[] {
  return context.request.required ?? allKinds;
}

function note(context: Context, target: Target, name: CheckName, outcome: Outcome<string>): void {
  context.checks.push({
    name,
    target: target.digest,
    targetName: target.name,
    result: outcome.ok ? 'passed' : 'failed',
    detail: outcome.ok ? outcome.value : outcome.reason,
  });
}

function skip(context: Context, target: Target, name: CheckName, detail: string): void {
  context.checks.push({
    name,
    target: target.digest,
    targetName: target.name,
    result: 'skipped',
    detail,
  });
}

function platformName({ platform }: Descriptor): string {
  if (platform === undefined) return 'unknown platform';
  const { os, architecture, variant } = platform;
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}
