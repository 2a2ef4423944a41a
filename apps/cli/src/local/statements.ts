import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { signControl, signatureSegment } from '@kiln/apk';
import { replaceFile, type SigningKey } from '@kiln/apk-files';
import { digestFromHex, hexOf, systemRandom, type Digest } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import { networkDependencies } from '@kiln/build';
import { buildProvenance } from '@kiln/build/provenance';
import { gzipBytes } from '@kiln/gzip';
import {
  SLSA_PROVENANCE_PREDICATE,
  TEST_RESULT_PREDICATE,
  printStatement,
  slsaProvenance,
  statementAbout,
  testResult,
  type ResourceDescriptor,
  type Statement,
} from '@kiln/intoto';
import { sourceDescriptor } from '@kiln/recipe';
import { printPurl } from '@kiln/spdx';
import { fileEntry, tarBytes } from '@kiln/tar';
import { printNetworkRecord } from '@kiln/network-observer';
import type { LocalBuildResult, WrittenPackage } from './local-build.ts';

export interface ProvenanceTimes {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly finishedAt: number;
}

/**
 * Writes the SLSA provenance of each package beside it, as `NAME-VERSION.attest.tar.gz` with one statement in it, signed as
 * packages are where there is a key (packages.md 14.3). The subject is the file's own digest.
 */
export async function writeProvenance(
  result: LocalBuildResult,
  key: SigningKey | undefined,
  times: ProvenanceTimes,
): Promise<readonly string[]> {
  const files = [];
  for (const written of result.packages) {
    const statement = statementAbout(
      await subjectOf(written),
      SLSA_PROVENANCE_PREDICATE,
      provenanceOf(result, times),
    );
    files.push(await writeStatement(written, statement, { key, result, suffix: 'attest' }));
  }
  return files;
}

/**
 * Writes what the steps got from the network beside the main package, as `NAME-VERSION.network.json`: `--network-record` takes
 * it, here or on another machine.
 */
export async function writeNetworkRecord(
  { packages, network }: LocalBuildResult,
  blobs: BlobStore,
): Promise<void> {
  const [first] = packages;
  if (network === undefined || first === undefined) return;
  const file = first.file.replace(/\.apk$/, '.network.json');
  await replaceFile(file, [Buffer.from(await printNetworkRecord(network, blobs))], systemRandom);
}

/** Writes what two builds came to, beside the packages: the verdict of `kiln package build --check`. */
export async function writeReproduction(
  result: LocalBuildResult,
  key: SigningKey | undefined,
  differing: ReadonlySet<string>,
): Promise<readonly string[]> {
  const files = [];
  for (const written of result.packages) {
    const reproduced = !differing.has(written.emitted.name);
    const statement = statementAbout(
      await subjectOf(written),
      TEST_RESULT_PREDICATE,
      testResult({
        configuration: [{ name: 'action', digest: { sha256: hexOf(result.plan.action) } }],
        passedTests: reproduced ? ['reproducible'] : [],
        warnedTests: [],
        failedTests: reproduced ? [] : ['reproducible'],
      }),
    );
    files.push(await writeStatement(written, statement, { key, result, suffix: 'reproduced' }));
  }
  return files;
}

function provenanceOf(
  { plan, network }: LocalBuildResult,
  times: ProvenanceTimes,
): Statement['predicate'] {
  const inputs = [
    ...plan.compiled.sources.map((source): ResourceDescriptor => {
      const { uri, digest } = sourceDescriptor(source);
      return { uri, digest };
    }),
    ...plan.environment.map(({ name, version, checksum }): ResourceDescriptor => ({
      name: `${name}=${version}`,
      uri: printPurl({ type: 'apk', name, version }),
      // The checksum of apk is the SHA-1 of the control segment, which names the digest of the data.
      digest: { sha1: Buffer.from(checksum.replace(/^Q1/, ''), 'base64').toString('hex') },
    })),
    ...(network === undefined ? [] : networkDependencies(network)).map(
      ({ uri, digest }): ResourceDescriptor => ({ uri, digest: { sha256: hexOf(digest) } }),
    ),
  ];
  return slsaProvenance(buildProvenance({ plan, inputs, times }));
}

interface StatementPlace {
  readonly key: SigningKey | undefined;
  readonly result: LocalBuildResult;
  readonly suffix: string;
}

async function writeStatement(
  { file, emitted }: WrittenPackage,
  statement: Statement,
  { key, result, suffix }: StatementPlace,
): Promise<string> {
  const mtimeSeconds = result.plan.sourceDateEpoch;
  const content = printStatement(statement);
  const name = `${emitted.fileName.replace(/\.apk$/, '')}.attestation`;
  const entry = fileEntry(name, content.length, { mtimeSeconds });
  const archive = gzipBytes(tarBytes([{ entry, content }]));
  const signature =
    key === undefined
      ? new Uint8Array(0)
      : signatureSegment({
          keyName: key.keyName,
          signature: signControl(archive, key.pem),
          mtimeSeconds,
        });
  const path = `${file.replace(/\.apk$/, '')}.${suffix}.tar.gz`;
  await replaceFile(path, [signature, archive], systemRandom);
  return path;
}

async function subjectOf({
  file,
  emitted,
}: WrittenPackage): Promise<{ readonly name: string; readonly digest: Digest }> {
  const hash = createHash('sha256');
  for await (const chunk of fs.createReadStream(file)) hash.update(chunk as Buffer);
  return { name: emitted.fileName, digest: digestFromHex(hash.digest('hex')) };
}
