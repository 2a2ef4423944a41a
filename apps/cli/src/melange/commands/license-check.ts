import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readPackageFile, replaceFile } from '@kiln/apk-files';
import { KilnError, shorten, systemRandom, type Logger } from '@kiln/base';
import { licenceReport, type LicenceReport } from '@kiln/lint';
import { withCopyright, type CopyrightEntry, type Recipe } from '@kiln/recipe';
import { FsWorkspace } from '@kiln/sandbox-bwrap';
import { cacheFolder } from '../../local/cache-folder.ts';
import { knownLicence } from '../../local/known-licences.ts';
import { readLicenceTexts } from '../../local/licence-texts.ts';
import { readRecipeFile, readText, recipeOfText } from '../../local/recipe-file.ts';
import { fetchLicenceSources } from '../licence-sources.ts';
import type { DropInInvocation, Subcommand } from '../../drop-in/subcommand.ts';

export const licenseCheck: Subcommand = {
  name: 'license-check',
  usage: '<file>',
  summary: 'Compare the licences of a recipe with those of its sources',
  description:
    'Fetch the sources of a recipe or package and compare the licences in them with those that it declares, or say what licences are in a folder. What differs is a warning.',
  examples: ['kiln melange license-check vim.yaml', 'kiln melange license-check --fix vim.yaml'],
  positionals: { min: 1 },
  flags: {
    fix: { type: 'bool', help: 'write the licences that were found into the recipe' },
    format: {
      type: 'string',
      default: 'flat',
      help: 'how --fix writes licences: flat, each with its file, or simple, all in one',
    },
    'scan-type': {
      type: 'string',
      default: 'shallow',
      help: 'shallow: the top folder and those in it; deep: all',
      check: (value) =>
        value === 'shallow' || value === 'deep' ? undefined : 'it is shallow or deep',
    },
    workdir: { type: 'string', help: 'the folder that sources are unpacked in' },
  },
  run: checkLicences,
};

async function checkLicences(invocation: DropInInvocation): Promise<void> {
  const { flags, positionals, log } = invocation;
  const [file = ''] = positionals;
  const given = flags.string('workdir');
  const workFolder =
    given === '' ? fs.mkdtempSync(path.join(tmpdir(), 'kiln-license-check-')) : path.resolve(given);
  try {
    const recipe = await fetchSources(invocation, file, workFolder);
    const folder = recipe === undefined ? path.resolve(file) : workFolder;
    log.info('checking license information');
    const texts = await readLicenceTexts(new FsWorkspace(existing(folder)), {
      copyright: recipe?.package.copyright ?? [],
      scan: flags.string('scan-type') === 'deep' ? 'deep' : 'shallow',
    });
    const report = licenceReport(texts, recipe?.package.copyright, knownLicence);
    for (const { level, text } of report.lines) log[level](shorten(text, lineMax));
    if (flags.bool('fix')) await fix(file, report, flags.string('format'), log);
  } finally {
    if (given === '') fs.rmSync(workFolder, { recursive: true, force: true });
  }
}

/** What files are called is shown without the characters that move a terminal’s cursor. */
const lineMax = 5000;

/** Fetches the sources of a recipe or package; undefined for anything else, which is a folder of sources itself. */
async function fetchSources(
  { environment, log, signal }: DropInInvocation,
  file: string,
  workFolder: string,
): Promise<Recipe | undefined> {
  const extension = path.extname(file);
  if (extension !== '.apk' && extension !== '.yaml') return undefined;
  const options = { dialect: 'melange', commit: '' } as const;
  const isPackage = extension === '.apk';
  const recipe = isPackage
    ? recipeOfText(await recipeInPackage(file), `${file}: .melange.yaml`, options)
    : readRecipeFile(file, options);
  await fetchLicenceSources({
    recipe,
    sideFolder: isPackage ? undefined : file.slice(0, -extension.length),
    workFolder,
    gitFolder: path.join(cacheFolder(environment), 'git'),
    log,
    signal,
  });
  return recipe;
}

async function recipeInPackage(file: string): Promise<string> {
  const { control } = await readPackageFile(file, { dialect: 'apko' });
  const found = control.find(({ entry }) => entry.path === '.melange.yaml');
  if (found !== undefined) return Buffer.from(found.content).toString('utf8');
  throw new KilnError('APK_INFO_INVALID', `${shorten(file, 200)}: there is no .melange.yaml in it`);
}

function existing(folder: string): string {
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder;
  throw new KilnError('LOCAL_FILE_UNREADABLE', `no such folder: "${shorten(folder, 200)}"`, {
    hint: 'name a recipe (.yaml), a package (.apk) or a folder of sources',
  });
}

async function fix(
  file: string,
  { detected, differs }: LicenceReport,
  format: string,
  log: Logger,
): Promise<void> {
  if (path.extname(file) !== '.yaml')
    throw new KilnError('MELANGE_USAGE', `not a recipe: "${shorten(file, 200)}"`, {
      hint: '--fix writes into a recipe',
    });
  log.info('attempting to update copyright');
  const known: CopyrightEntry[] = [];
  for (const { id, path: licensePath } of detected) {
    if (id === undefined) log.info(`skipping unconfident license ${shorten(licensePath, 200)}`);
    else known.push({ license: id, licensePath });
  }
  if (known.length === 0) return log.info('no confident licenses found to update');
  if (!differs) return log.info('no actionable license differences detected');
  const simple = [...new Set(known.map(({ license }) => license))].sort().join(' AND ');
  const entries = format === 'simple' ? [{ license: simple, licensePath: undefined }] : known;
  const next = withCopyright(readText(file), entries, { file, dialect: 'melange' });
  await replaceFile(file, [Buffer.from(next)], systemRandom);
}
