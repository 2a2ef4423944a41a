import fs from 'node:fs';
import path from 'node:path';
import { readSigningKey } from '@kiln/apk-files';
import { KilnError, counted } from '@kiln/base';
import { DebianBinaryArchive } from '@kiln/debian';
import { parseCatalogDocument } from '@kiln/factory';
import type { SeedDefinition, SeedStage } from '@kiln/seed';
import { addToSeed, parseSeed, parseSeedAddition, stageText } from '@kiln/seed';
import type { Command, Invocation } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { folderPlace } from '../folder-place.ts';
import { cacheFolder } from '../local/cache-folder.ts';
import { exportSeed } from '../local/export-seed.ts';
import { givenDate, listOf, textOf } from '../local/options.ts';
import { readText } from '../local/recipe-file.ts';
import { size } from '../report.ts';
import { Waiting } from '../waiting.ts';

export const seedExport: Command = {
  name: 'seed export',
  summary:
    'Write the seed, Debian’s packages wrapped as apks, as an ordinary signed repository for builds without a factory. Needs no running factory.',
  usage: 'seed export DIR [--seed FILE] [--with FILE] [--signing-key FILE] [--date SECONDS]',
  examples: [
    'kiln key generate seed.rsa && kiln seed export ./seed --signing-key seed.rsa',
    'kiln seed export ./seed --with catalog/ladder/seed.yaml --signing-key seed.rsa',
    'kiln package build zlib.yaml --repository ./seed --keyring seed.rsa.pub',
  ],
  options: {
    ...jsonOption,
    seed: { type: 'string', value: 'FILE', help: 'the definition (that of Kiln OS)' },
    with: {
      type: 'string',
      multiple: true,
      value: 'FILE',
      help: 'definitions that add to it, each beginning with "adds: seed"',
    },
    'signing-key': {
      type: 'string',
      value: 'FILE',
      help: 'the private key that signs packages and index',
    },
    date: {
      type: 'string',
      value: 'SECONDS',
      help: 'the date of all files since 1970 (SOURCE_DATE_EPOCH, or that of the catalog.yaml beside the definition)',
    },
    'cache-dir': {
      type: 'string',
      value: 'DIR',
      help: 'the lists of the host’s apt; may be shared (~/.cache/kiln)',
    },
  },
  async run(invocation) {
    const { positionals, flags, print } = invocation;
    const [directory, more] = positionals;
    if (directory === undefined || more !== undefined) throw usage(seedExport, 'which one folder?');
    const keyFile = textOf(flags['signing-key']);
    const key = keyFile === undefined ? undefined : await readSigningKey(keyFile);
    const cache = folderPlace(textOf(flags['cache-dir']) ?? cacheFolder(process.env));
    const definition = readDefinition(invocation);
    const waiting = new Waiting(print.talk, process.stderr.isTTY === true);
    try {
      const records = await exportSeed({
        definition,
        directory,
        key,
        buildTimeSeconds: dateOf(invocation),
        archive: (blobs) =>
          new DebianBinaryArchive({ stateDirectory: path.join(cache, 'apt-binary'), blobs }),
        onStage: (stage) => show(waiting, stage),
      });
      waiting.stop();
      const bytes = records.reduce((sum, one) => sum + one.sizeBytes, 0);
      print.talk(
        `${counted(records.length, 'package')}, ${size(bytes)}${key ? '' : ', not signed'}\n`,
      );
      print.data(
        flags['json'] === true
          ? `${JSON.stringify({ directory, signedBy: key?.keyName ?? null, packages: records.map(({ name, version, checksum }) => ({ name, version, checksum })) }, null, 2)}\n`
          : `${path.join(directory, definition.architecture, 'APKINDEX.tar.gz')}\n`,
      );
    } finally {
      waiting.stop();
    }
    return 0;
  },
};

function definitionFile({ config, flags }: Invocation): string {
  return textOf(flags['seed']) ?? path.join(config.osCatalog, 'seed.yaml');
}

function readDefinition(invocation: Invocation): SeedDefinition {
  const file = definitionFile(invocation);
  const additions = listOf(invocation.flags['with']).map((one) =>
    parseSeedAddition(readText(one), one),
  );
  return addToSeed(parseSeed(readText(file), file), additions);
}

/** With the date of the catalog, packages are those of its factory, byte for byte but for the signatures. */
function dateOf(invocation: Invocation): number {
  const given = givenDate(invocation);
  if (given !== undefined) return given;
  const catalog = path.join(path.dirname(definitionFile(invocation)), 'catalog.yaml');
  if (!fs.existsSync(catalog))
    throw new KilnError('USAGE', `there is no ${catalog} that would say the date`, {
      hint: 'give --date SECONDS, or SOURCE_DATE_EPOCH',
    });
  return parseCatalogDocument(readText(catalog), catalog).settings.epochSeconds;
}

function show(waiting: Waiting, stage: SeedStage): void {
  const text = stageText(stage);
  if (text !== undefined) waiting.show(text);
}
