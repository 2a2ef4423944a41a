import path from 'node:path';
import { KilnError, shorten } from '@kiln/base';
import { CYCLONEDX_PREDICATE, SPDX_PREDICATE } from '@kiln/intoto';
import { signedPredicate } from '@kiln/trust';
import type { Command } from '../command.ts';
import { usage } from '../command.ts';
import { namedImage } from '../image/named.ts';
import { findManifest } from '../image/pull.ts';
import { readKey } from '../keys.ts';

const predicateTypes: ReadonlyMap<string, string> = new Map([
  ['spdx', SPDX_PREDICATE],
  ['cyclonedx', CYCLONEDX_PREDICATE],
]);

export const imageSbom: Command = {
  name: 'image sbom',
  summary:
    'Print the software bill of materials of an image for this machine’s platform, after checking who signed it and that it is about this image.',
  usage: 'image sbom IMAGE [--format FORMAT] [--key FILE]',
  examples: [
    'kiln image sbom nginx',
    'kiln image sbom nginx --format cyclonedx > nginx.cdx.json',
    'kiln image sbom localhost:7420/nginx:latest | jq -r \'.packages[] | "\\(.name) \\(.versionInfo)"\'',
    'kiln image sbom --key kiln.pub registry.example.org/team/nginx:1.26',
  ],
  options: {
    format: {
      type: 'string',
      value: 'FORMAT',
      help: 'spdx (2.3, the default) or cyclonedx (1.6); both are JSON',
    },
    key: {
      type: 'string',
      value: 'FILE',
      help: 'the public key of statements to trust; this factory’s own by default',
    },
  },
  async run({ config, positionals, flags, print }) {
    const [image, more] = positionals;
    if (image === undefined || more !== undefined) throw usage(imageSbom, 'which image?');
    const format = String(flags['format'] ?? 'spdx');
    const predicateType = predicateTypes.get(format);
    if (predicateType === undefined)
      throw usage(imageSbom, `"${shorten(format)}" is no format: spdx or cyclonedx`);
    const own = path.join(config.home, 'public', 'image.pub');
    const imageKeyPem = readKey(typeof flags['key'] === 'string' ? flags['key'] : own);
    const source = namedImage(config, image);
    const { digest } = await findManifest(source);
    const found = await signedPredicate({ source, subject: digest, predicateType, imageKeyPem });
    switch (found.kind) {
      case 'absent':
        throw new KilnError('IMAGE_SBOM_NOT_FOUND', `${source.text} has no SBOM as ${format}`, {
          hint:
            format === 'cyclonedx'
              ? 'one that is composed has it where --sbom-formats spdx,cyclonedx says so'
              : 'images that a factory makes have one; a copy has it where its referrers were copied too',
        });
      case 'rejected':
        throw new KilnError(
          'VERIFY_FAILED',
          `the SBOM of ${source.text} does not count: ${found.reason}`,
          { hint: 'do not rely on it; --key names another key' },
        );
      case 'signed':
        print.data(`${JSON.stringify(found.predicate, null, 2)}\n`);
        return 0;
    }
  },
};
