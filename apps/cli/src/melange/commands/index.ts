import { indexPackages, mergeIntoIndexFile, readIndexFile, readSigningKey } from '@kiln/apk-files';
import { systemRandom } from '@kiln/base';
import type { DropInInvocation, Subcommand } from '../../drop-in/subcommand.ts';

export const index: Subcommand = {
  name: 'index',
  usage: '<package.apk...>',
  summary: 'Make a repository index of package files',
  examples: [
    'kiln melange index -o APKINDEX.tar.gz *.apk',
    'kiln melange index -m -o APKINDEX.tar.gz --signing-key melange.rsa zlib-1.3-r0.apk',
  ],
  positionals: { min: 1 },
  flags: {
    arch: { type: 'string', shorthand: 'a', help: 'leave out packages of other architectures' },
    merge: { type: 'bool', shorthand: 'm', help: 'keep the records that are there' },
    output: {
      type: 'string',
      shorthand: 'o',
      default: 'APKINDEX.tar.gz',
      help: 'the file to write',
    },
    'signing-key': { type: 'string', help: 'the private key that signs the index' },
    source: {
      type: 'string',
      shorthand: 's',
      default: 'APKINDEX.tar.gz',
      help: 'the index whose records --merge keeps',
    },
  },
  run: writeIndex,
};

async function writeIndex({ flags, positionals, log }: DropInInvocation): Promise<void> {
  const signingKey = flags.string('signing-key');
  const key = signingKey === '' ? undefined : await readSigningKey(signingKey);
  const output = flags.string('output');
  const arch = flags.string('arch') || undefined;
  const { taken, leftOut } = await indexPackages(positionals, {
    dialect: 'melange',
    arch,
    onFile: (path) => log.info(`processing package ${path}`),
  });
  for (const { record } of leftOut)
    log.warn(`${record.name}-${record.version}: architecture is ${record.arch}, not ${arch}`);
  const source = flags.string('source');
  const records = taken.map((one) => one.record);
  await mergeIntoIndexFile(output, records, {
    present: async () => {
      const present = flags.bool('merge') ? await readIndexFile(source) : undefined;
      if (present !== undefined)
        log.info(`loaded ${present.records.length} packages from index ${source}`);
      return present;
    },
    dialect: 'melange',
    key,
    random: systemRandom,
  });
  log.info(`wrote index ${output}`, { packages: records.length, signedBy: key?.keyName });
}
