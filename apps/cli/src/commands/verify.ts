import fs from 'node:fs';
import path from 'node:path';
import { KilnError } from '@kiln/base';
import { printVerification, verifyImage } from '@kiln/trust';
import { findRunning } from '../client.ts';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { RegistrySource } from '../registry-source.ts';

export const verify: Command = {
  name: 'verify',
  summary:
    'Check an image: its content, its signature, SBOM, provenance and tests, and say what each check compared.',
  usage: 'verify REFERENCE [--key FILE] [--json]',
  examples: [
    'kiln verify nginx',
    'kiln verify localhost:7420/nginx:latest',
    'kiln verify --key kiln.pub registry.example.org/team/nginx:1.26',
  ],
  options: {
    ...jsonOption,
    key: {
      type: 'string',
      value: 'FILE',
      help: 'the public key to trust; this factory’s own by default',
    },
  },
  async run({ config, positionals, flags, print }) {
    const text = positionals[0];
    if (text === undefined) throw usage(verify, 'which image?');
    const keyFile =
      typeof flags['key'] === 'string'
        ? flags['key']
        : path.join(config.home, 'public', 'image.pub');
    if (!fs.existsSync(keyFile))
      throw new KilnError('KEY_NOT_FOUND', `there is no key ${keyFile}`, {
        hint: 'name one with --key',
      });
    const source = new RegistrySource(
      text,
      `localhost:${findRunning(config.home)?.port ?? config.port}`,
    );
    const digest = await source.resolve();
    const report = await verifyImage({
      digest,
      imageKeyPem: fs.readFileSync(keyFile, 'utf8'),
      readManifest: (one) => source.readManifest(one),
      readBlob: (one) => source.readBlob(one),
      listReferrers: (one) => source.listReferrers(one),
    });
    print.data(
      flags['json'] === true
        ? `${JSON.stringify(report, null, 2)}\n`
        : `${source.text}\n${printVerification(report)}`,
    );
    return report.verified ? 0 : 3;
  },
};
