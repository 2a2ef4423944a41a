import fs from 'node:fs';
import path from 'node:path';
import {
  generateKeyFiles,
  keyBitsMax,
  keyBitsMin,
  kindOfFile,
  readSigningKey,
  signIndexFile,
  signPackageFile,
} from '@kiln/apk-files';
import type { SignedFile, SigningKey } from '@kiln/apk-files';
import { KilnError, mapBounded, shorten, systemRandom, counted } from '@kiln/base';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';

export const keyPublic: Command = {
  name: 'key public',
  summary:
    'Print the public key that verifies images (default), or the one that verifies packages.',
  wordsMax: 0,
  usage: 'key public [--apk]',
  examples: ['kiln key public > kiln.pub', 'kiln key public --apk'],
  options: { apk: { type: 'boolean', help: 'the RSA key of packages and indexes' } },
  async run({ config, flags, print }) {
    const folder = path.join(config.home, 'public');
    const names = namesIn(folder);
    const name = names.find((one) =>
      flags['apk'] === true
        ? one.endsWith('.rsa.pub')
        : one.endsWith('.pub') && !one.endsWith('.rsa.pub'),
    );
    if (name === undefined)
      throw new KilnError('KEY_NOT_FOUND', `there is no key in ${folder} yet`, {
        hint: 'kiln up makes the keys',
      });
    print.data(fs.readFileSync(path.join(folder, name), 'utf8'));
    return 0;
  },
};

/** None where the folder is not there. Throws what the system says. */
function namesIn(folder: string): readonly string[] {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

const bitsDefault = 4096;

export const keyGenerate: Command = {
  name: 'key generate',
  summary:
    'Make an RSA key pair for packages and indexes outside the factory: NAME, mode 0600, and NAME.pub.',
  usage: 'key generate NAME [--bits BITS] [--json]',
  examples: [
    'kiln key generate my.rsa',
    'kiln index *.apk --sign my.rsa && cp my.rsa.pub /etc/apk/keys/',
  ],
  options: {
    ...jsonOption,
    bits: {
      type: 'string',
      value: 'BITS',
      help: `size of the modulus, ${keyBitsMin} to ${keyBitsMax}; ${bitsDefault} without it`,
    },
  },
  async run({ positionals, flags, print }) {
    const [name, more] = positionals;
    if (name === undefined || name === '' || more !== undefined)
      throw usage(keyGenerate, 'which one file?');
    const text = String(flags['bits'] ?? bitsDefault);
    if (!/^[0-9]{1,6}$/.test(text))
      throw usage(keyGenerate, `--bits takes a number, and not "${shorten(text)}"`);
    const bits = Number(text);
    const made = await generateKeyFiles({
      path: name,
      bits,
      present: 'refuse',
      random: systemRandom,
    });
    print.talk(`clients verify with ${made.publicFile}, under the name ${made.keyName}\n`);
    print.data(
      flags['json'] === true
        ? `${JSON.stringify(made, null, 2)}\n`
        : `${made.privateFile}\n${made.publicFile}\n`,
    );
    return 0;
  },
};

export const keySign: Command = {
  name: 'key sign',
  summary:
    'Sign package and index files with a key of your own, in place of the signatures they have.',
  usage: 'key sign FILE... --key KEY [--json]',
  examples: [
    'kiln key sign --key my.rsa packages/x86_64/*.apk',
    'kiln key sign --key my.rsa packages/x86_64/APKINDEX.tar.gz',
  ],
  options: {
    ...jsonOption,
    key: { type: 'string', value: 'KEY', help: 'the private key, RSA in PEM' },
  },
  async run({ positionals, flags, print }) {
    if (positionals.length === 0) throw usage(keySign, 'which files?');
    if (typeof flags['key'] !== 'string') throw usage(keySign, 'with which key? --key names it');
    const key = await readSigningKey(flags['key']);
    const signed = await mapBounded(positionals, 4, (file) => signFile(file, key));
    print.talk(`${counted(signed.length, 'file')} signed by ${key.keyName}\n`);
    print.data(
      flags['json'] === true
        ? `${JSON.stringify(signed, null, 2)}\n`
        : signed.map((one) => `${one.path}\n`).join(''),
    );
    return 0;
  },
};

async function signFile(file: string, key: SigningKey): Promise<SignedFile> {
  if ((await kindOfFile(file)) === 'package') return signPackageFile(file, key, systemRandom);
  return signIndexFile(file, key, systemRandom);
}
