import type { IndexRecord } from '@kiln/apk';
import { indexPackages, mergeIntoIndexFile, readIndexFile, readSigningKey } from '@kiln/apk-files';
import type { IndexedPackage } from '@kiln/apk-files';
import { KilnError, compareBytes, systemRandom, counted } from '@kiln/base';
import { compareVersions } from '@kiln/version';
import type { Command, Invocation } from '../command.ts';
import { jsonOption, usage } from '../command.ts';

export const index: Command = {
  name: 'index',
  summary:
    'Make a repository index, APKINDEX.tar.gz, of package files; their fronts alone are read.',
  usage: 'index FILE... [-o INDEX] [--sign KEY] [--merge] [--arch ARCH] [--json]',
  examples: [
    'kiln index packages/x86_64/*.apk -o packages/x86_64/APKINDEX.tar.gz --sign my.rsa',
    'kiln index --merge -o APKINDEX.tar.gz --sign my.rsa zlib-1.3.1-r0.apk',
  ],
  options: {
    ...jsonOption,
    output: {
      type: 'string',
      short: 'o',
      value: 'INDEX',
      help: 'the file to write; APKINDEX.tar.gz without it',
    },
    sign: { type: 'string', value: 'KEY', help: 'the private key that signs the index' },
    merge: {
      type: 'boolean',
      help: 'keep the records of the file that is there; with --sign it has to be signed by the same key',
    },
    arch: { type: 'string', value: 'ARCH', help: 'leave out packages of other architectures' },
  },
  run: writeIndex,
};

async function writeIndex({ positionals, flags, print }: Invocation): Promise<number> {
  if (positionals.length === 0) throw usage(index, 'which package files?');
  const output = String(flags['output'] ?? 'APKINDEX.tar.gz');
  const key = typeof flags['sign'] === 'string' ? await readSigningKey(flags['sign']) : undefined;
  const arch = typeof flags['arch'] === 'string' ? flags['arch'] : undefined;
  const { taken, leftOut } = await indexPackages(positionals, { arch });
  refuseTwins(taken);
  const joining = taken.map((one) => one.record);
  const records = await mergeIntoIndexFile(output, joining, {
    present: async () => (flags['merge'] === true ? readIndexFile(output, key) : undefined),
    order: byNameAndVersion,
    key,
    random: systemRandom,
  });
  if (flags['json'] === true)
    print.data(
      `${JSON.stringify({ index: output, signedBy: key?.keyName ?? null, records: records.length, packages: taken.map(shown), leftOut: leftOut.map(shown) }, null, 2)}\n`,
    );
  else {
    const others =
      leftOut.length === 0 ? '' : `, ${leftOut.length} of other architectures left out`;
    print.talk(
      `${counted(taken.length, 'package')} indexed${others}; ${counted(records.length, 'record')} in all\n`,
    );
    print.data(`${output}\n`);
  }
  return 0;
}

function shown({ path, record }: IndexedPackage): Record<string, string> {
  const { name, version, arch, checksum } = record;
  return { file: path, name, version, arch, checksum };
}

/** Two files of one name and version: clients would get one of them, whichever. The same file twice is no harm. */
function refuseTwins(packages: readonly IndexedPackage[]): void {
  const seen = new Map<string, IndexedPackage>();
  for (const one of packages) {
    const { name, version, arch, checksum } = one.record;
    const twin = seen.get(`${name} ${version}`);
    seen.set(`${name} ${version}`, one);
    if (twin === undefined || twin.record.checksum === checksum) continue;
    throw new KilnError('INDEX_TWINS', `${twin.path} and ${one.path} are both ${name}-${version}`, {
      hint:
        twin.record.arch === arch
          ? 'leave one out'
          : 'an index is of one architecture: --arch leaves the others out',
    });
  }
}

function byNameAndVersion(a: IndexRecord, b: IndexRecord): number {
  return (
    compareBytes(a.name, b.name) ||
    compareVersions(a.version, b.version) ||
    compareBytes(a.version, b.version)
  );
}
