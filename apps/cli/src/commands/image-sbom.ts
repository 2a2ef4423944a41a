import { shorten } from '@kiln/base';
import { billFormats, signedBill } from '@kiln/inspect';
import type { Command } from '../command.ts';
import { usage } from '../command.ts';
import { namedImage } from '../image/named.ts';
import { ownArchitecture } from '../image/own-architecture.ts';
import { imageKeyOf } from '../keys.ts';

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
    const named = String(flags['format'] ?? 'spdx');
    const format = billFormats.find((one) => one === named);
    if (format === undefined)
      throw usage(imageSbom, `"${shorten(named)}" is no format: ${billFormats.join(' or ')}`);
    const imageKeyPem = imageKeyOf(config.home, flags['key']);
    const source = namedImage(config, image);
    print.data(await signedBill({ source, architecture: ownArchitecture, format, imageKeyPem }));
    return 0;
  },
};
