import { createHash, generateKeyPairSync } from 'node:crypto';
import { concatBytes } from '@kiln/base';
import { gzipBytes } from '@kiln/gzip';
import { directoryEntry, fileEntry, symlinkEntry, tarBytes } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import { controlSegment } from '../src/control-segment.ts';
import { checksumRecord } from '../src/data-segment.ts';
import type { PackageInfo } from '../src/package-info.ts';
import { signatureSegment } from '../src/signature-segment.ts';
import { signControl } from '../src/signature.ts';

export const sampleInfo: PackageInfo = {
  name: 'sample',
  version: '1.2-r3',
  arch: 'x86_64',
  installedSizeBytes: 12_298,
  origin: 'sample',
  description: 'a sample: with = and spaces',
  url: 'https://example.org/',
  commit: 'abc',
  maintainer: 'Someone <someone@example.org>',
  buildTimeSeconds: 1_700_000_000,
  licenses: ['MIT', 'Apache-2.0 OR BSD-3-Clause'],
  depends: ['!other', 'so:libc.so.6', 'tool>=1'],
  provides: ['cmd:sample=1.2-r3'],
  replaces: ['older<1'],
  installIf: ['sample=1.2-r3', 'docs'],
  vendored: ['so:libx.so.1=1'],
  providerPriority: 10,
  replacesPriority: 0,
  triggers: ['/usr/share/*', '/etc'],
  dataHash: '',
};

/** Made afresh: what is signed with it is verified in the same run. */
export const sampleKey: { readonly publicKey: string; readonly privateKey: string } =
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

export interface Member {
  readonly entry: TarEntry;
  readonly content: Buffer;
}

/** A file with its checksum record, which may lie. */
export function file(path: string, text: string, sha1Hex: string = sha1(text)): Member {
  const content = Buffer.from(text);
  const pax = new Map(sha1Hex === '' ? [] : [[checksumRecord, Buffer.from(sha1Hex)]]);
  return { entry: fileEntry(path, content.length, { pax }), content };
}

export function directory(path: string): Member {
  return { entry: directoryEntry(path), content: Buffer.alloc(0) };
}

export function symlink(path: string, target: string, sha1Hex: string = sha1(target)): Member {
  const pax = new Map([[checksumRecord, Buffer.from(sha1Hex)]]);
  return { entry: symlinkEntry(path, target, { pax }), content: Buffer.alloc(0) };
}

export const sampleMembers: readonly Member[] = [
  directory('usr'),
  directory('usr/bin'),
  file('usr/bin/sample', 'program\n'),
  symlink('usr/bin/link', 'sample'),
];

/** The three segments of a package with these members, signed by `sampleKey` as `sample.rsa.pub`. */
export function segments(
  members: readonly Member[] = sampleMembers,
  change: { readonly dataHash?: string; readonly data?: Uint8Array } = {},
): { signature: Uint8Array; control: Uint8Array; data: Uint8Array } {
  const data = change.data ?? gzipBytes(tarBytes(members));
  const dataHash = change.dataHash ?? createHash('sha256').update(data).digest('hex');
  const mtimeSeconds = 1_700_000_000;
  const control = controlSegment({
    info: { ...sampleInfo, dataHash },
    melangeYaml: 'package: {}\n',
    scripts: new Map([
      ['trigger', '#!/bin/sh\n'],
      ['post-install', '#!/bin/sh\n'],
    ]),
    mtimeSeconds,
  });
  const signature = signControl(control, sampleKey.privateKey);
  return {
    signature: signatureSegment({ keyName: 'sample.rsa.pub', signature, mtimeSeconds }),
    control,
    data,
  };
}

export function samplePackage(...args: Parameters<typeof segments>): Uint8Array {
  const { signature, control, data } = segments(...args);
  return concatBytes([signature, control, data]);
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
