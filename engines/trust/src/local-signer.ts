import { signControlDigest, signatureSegment } from '@kiln/apk';
import { KilnError, digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { bundleOf, statementSigner } from './sign-statement.ts';
import type { Signer, SigningLedger, StatementSignature } from './signer.ts';
import { signingLimits } from './signer.ts';
import { publicHalves } from './signing-keys.ts';
import type { SigningKeys } from './signing-keys.ts';

/**
 * A signer in this process: what the signer process runs, and what tests use. It keeps nothing between calls, so it may
 * be killed at any moment and every call may be repeated. Throws `SIGNER_NOT_RECORDED` for what the ledger does not know.
 */
export function localSigner(keys: SigningKeys, ledger: SigningLedger): Signer {
  const apkPem = keys.apkKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signStatement = statementSigner(keys.imageKey);
  const segment = (digest: Digest, mtimeSeconds: number): Uint8Array => {
    const signature = signControlDigest(digest, apkPem);
    return signatureSegment({ keyName: keys.apkKeyName, signature, mtimeSeconds });
  };
  return {
    async signControl(controlSha256, mtimeSeconds) {
      if (!(await ledger.isRecordedControl(controlSha256)))
        throw notRecorded('control segment', controlSha256);
      return segment(controlSha256, mtimeSeconds);
    },
    async signIndex(indexSha256) {
      if (!(await ledger.isRecordedIndex(indexSha256))) throw notRecorded('index', indexSha256);
      return segment(indexSha256, 0);
    },
    async signStatement(statement) {
      const bytes = await ledger.recordedStatement(statement);
      if (bytes === undefined || digestOf(bytes) !== statement)
        throw notRecorded('statement', statement);
      return bundleOf(bytes, signStatement(bytes));
    },
    async signStatements(statements) {
      if (statements.length > signingLimits.statementsMax) throw tooMuch('statements');
      const signatures: StatementSignature[] = [];
      let sizeBytes = 0;
      const recorded = await ledger.recordedStatements(statements);
      for (const statement of statements) {
        const bytes = await recorded.get(statement)?.();
        if (bytes === undefined || digestOf(bytes) !== statement)
          throw notRecorded('statement', statement);
        sizeBytes += bytes.length;
        if (sizeBytes > signingLimits.statementsSizeBytesMax) throw tooMuch('bytes');
        signatures.push(signStatement(bytes));
      }
      return signatures;
    },
    publicKeys: () => Promise.resolve(publicHalves(keys)),
  };
}

function notRecorded(what: string, digest: Digest): KilnError {
  return new KilnError('SIGNER_NOT_RECORDED', `no recorded ${what} has digest ${digest}`, {
    hint: 'only what the factory recorded is signed; run the build again',
  });
}

function tooMuch(what: string): KilnError {
  return new KilnError('SIGNER_REQUEST_INVALID', `too many ${what} for one request`);
}
