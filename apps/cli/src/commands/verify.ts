import path from 'node:path';
import { KeptFiles } from '@kiln/apk-files';
import { KilnError } from '@kiln/base';
import type { VerificationReport } from '@kiln/trust';
import { printVerification, verifyImage, verifyPackage } from '@kiln/trust';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import type { Config } from '../config.ts';
import { ownKeyring } from '../image-build/factory-places.ts';
import { namedImage } from '../image/named.ts';
import { imageKeyOf, keyringOf } from '../keys.ts';
import { listOf } from '../local/options.ts';
import { findPackage, namesPackage, openApk, readProvenance } from '../package-source.ts';

export const verify: Command = {
  name: 'verify',
  summary:
    'Check an image or a package: its content, its signature, SBOM, provenance and tests, and say what each check compared.',
  wordsMax: 1,
  usage: 'verify REFERENCE|package:NAME|APK [--key FILE] [--keyring FILE] [--json]',
  examples: [
    'kiln verify nginx',
    'kiln verify localhost:7420/nginx:latest',
    'kiln verify --key kiln.pub registry.example.org/team/nginx:1.26',
    'kiln verify package:zlib',
    'kiln verify --key kiln.pub --keyring kiln.rsa.pub https://packages.example.org/os/x86_64/zlib-1.3.1-r0.apk',
  ],
  options: {
    ...jsonOption,
    key: {
      type: 'string',
      value: 'FILE',
      help: 'the public key of statements to trust; this factory’s own by default',
    },
    keyring: {
      type: 'string',
      multiple: true,
      value: 'FILE',
      help: 'a public key that may sign packages, under the name of its file; without --key this factory’s own by default; not for images',
    },
  },
  async run({ config, positionals, flags, print }) {
    const text = positionals[0];
    if (text === undefined) throw usage(verify, 'which image or package?');
    const own = path.join(config.home, 'public');
    const named = listOf(flags['keyring']);
    if (named.length > 0 && !namesPackage(text))
      throw new KilnError('USAGE', '--keyring is for packages, and an image is named', {
        hint: 'the statements of an image are signed by the key of --key',
      });
    const keys: TrustedKeys = {
      imageKeyPem: imageKeyOf(config.home, flags['key']),
      keyring: named.length > 0 || typeof flags['key'] === 'string' ? named : ownKeyring(own),
    };
    const { title, report } = namesPackage(text)
      ? await checkPackage(config, text, keys)
      : await checkImage(config, text, keys);
    print.data(
      flags['json'] === true
        ? `${JSON.stringify(report, null, 2)}\n`
        : `${title}\n${printVerification(report)}`,
    );
    return report.verified ? 0 : 3;
  },
};

interface TrustedKeys {
  readonly imageKeyPem: string;
  /** Files; none: the signatures of packages are not looked at. */
  readonly keyring: readonly string[];
}

interface Checked {
  readonly title: string;
  readonly report: VerificationReport;
}

async function checkImage(
  config: Config,
  text: string,
  { imageKeyPem }: TrustedKeys,
): Promise<Checked> {
  const source = namedImage(config, text);
  const digest = await source.resolve();
  const report = await verifyImage({
    digest,
    imageKeyPem,
    readManifest: (one) => source.readManifest(one),
    readBlob: (one) => source.readBlob(one),
    listReferrers: (one) => source.listReferrers(one),
  });
  return { title: source.text, report };
}

async function checkPackage(
  config: Config,
  text: string,
  { imageKeyPem, keyring }: TrustedKeys,
): Promise<Checked> {
  const source = await findPackage(config, text);
  const provenance = await readProvenance(source);
  await using files = await KeptFiles.open();
  const kept = await files.keep(await openApk(source), source.name);
  const report = await verifyPackage({
    name: source.name,
    read: () => kept.open(),
    provenance,
    imageKeyPem,
    keyring: keyring.length === 0 ? undefined : keyringOf(keyring),
  });
  return { title: source.apk, report };
}
