import { createHash } from 'node:crypto';
import { readPackage, verifySignatures } from '@kiln/apk';
import type { ApkPackage, Keyring } from '@kiln/apk';
import { KilnError, digestFromHex } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { hasSubject } from '@kiln/intoto';
import { attempt } from './attestations.ts';
import { kilnPackageExpectations } from './build-types.ts';
import type { ProvenanceExpectations } from './build-types.ts';
import { no, yes } from './read-content.ts';
import type { Outcome } from './read-content.ts';
import { openImageKey } from './signing-keys.ts';
import { checkKind } from './statement-checks.ts';
import type { CheckName, VerificationCheck, VerificationReport } from './verification.ts';
import { verificationReport } from './verification.ts';
import { verifyBundle } from './verify-bundle.ts';

export interface VerifyPackageRequest {
  /** Names the file in the report. */
  readonly name: string;
  /** The bytes of the file, from the start each time it is called. */
  read(): AsyncIterable<Uint8Array>;
  /** The Sigstore bundle that was found beside it. */
  readonly provenance: Uint8Array | undefined;
  /** PEM of the public key that signs statements. */
  readonly imageKeyPem: string;
  /** The keys that may sign packages; undefined: the package's own signature is not looked at. */
  readonly keyring: Keyring | undefined;
  readonly expectations?: ProvenanceExpectations;
}

/**
 * Checks a package from its bytes: that its data are what its control segment says, that a key of the keyring signed it, and
 * that the provenance beside it is signed, is about exactly this file, and says a build that is expected. A failed check is
 * in the report; throws what reading the file throws, and `KEYS_INVALID` for a key that is none.
 */
export async function verifyPackage(request: VerifyPackageRequest): Promise<VerificationReport> {
  const imageKey = openImageKey(request.imageKeyPem);
  const digest = await digestOfFile(request.read());
  const content = await readWhole(request.read());
  const check = (name: CheckName, { ok, detail }: Shown): VerificationCheck => ({
    name,
    target: digest,
    targetName: request.name,
    result: ok === undefined ? 'skipped' : ok ? 'passed' : 'failed',
    detail,
  });
  const provenance = checkProvenance(request, digest, imageKey);
  return verificationReport(digest, [
    check('content', content.ok ? shown(yes(content.value.detail)) : shown(content)),
    check('signature', content.ok ? checkSignature(request, content.value.apk) : unread),
    check('provenance', shown(provenance)),
  ]);
}

interface Shown {
  readonly ok: boolean | undefined;
  readonly detail: string;
}

const unread: Shown = { ok: undefined, detail: 'the package cannot be read' };

function shown(outcome: Outcome<string>): Shown {
  return { ok: outcome.ok, detail: outcome.ok ? outcome.value : outcome.reason };
}

async function digestOfFile(source: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of source) hash.update(chunk);
  return digestFromHex(hash.digest('hex'));
}

interface WholePackage {
  readonly apk: ApkPackage;
  readonly detail: string;
}

/** Reads every file of the package, which compares each checksum and the data hash on the way. */
async function readWhole(source: AsyncIterable<Uint8Array>): Promise<Outcome<WholePackage>> {
  try {
    // Nothing of it gets its own name on a disk, so links may lead anywhere.
    const apk = await readPackage(source, { links: 'any', dialect: 'plain' });
    let members = 0;
    for await (const { content } of apk.data) {
      members += 1;
      if (!(content instanceof Uint8Array)) for await (const _chunk of content);
    }
    return yes({ apk, detail: `data hash and the checksums of ${members} members match` });
  } catch (error) {
    if (error instanceof KilnError) return no(error.message);
    throw error;
  }
}

function checkSignature({ keyring }: VerifyPackageRequest, apk: ApkPackage): Shown {
  if (keyring === undefined) return { ok: undefined, detail: 'no keys of packages were named' };
  const key = attempt(() => verifySignatures(apk.signatures, apk.controlBytes, keyring));
  return shown(key.ok ? yes(`by ${key.value}, SHA-256 over the control segment`) : key);
}

function checkProvenance(
  { provenance, expectations = kilnPackageExpectations }: VerifyPackageRequest,
  digest: Digest,
  imageKey: ReturnType<typeof openImageKey>,
): Outcome<string> {
  if (provenance === undefined) return no('there is no provenance beside the package');
  const verified = attempt(() => verifyBundle(provenance, imageKey));
  if (!verified.ok) return verified;
  if (!hasSubject(verified.value, digest))
    return no('the signed statement speaks of another artifact');
  return checkKind('provenance', { statements: [verified.value], rejected: [] }, expectations);
}
