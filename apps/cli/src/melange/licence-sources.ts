import fs from 'node:fs';
import path from 'node:path';
import {
  KilnError,
  messageOf,
  shorten,
  withoutUserInfo,
  type Logger,
  type Position,
} from '@kiln/base';
import { placed } from '@kiln/build';
import { CachedGitSources } from '@kiln/git-sources';
import { gitCheckoutOf, substitute, type Recipe, type Step } from '@kiln/recipe';
import { DigestCheck, applyPatch, fetchUrl, unpackArchive } from '@kiln/sources';
import { isFile } from '../local/source-directory.ts';

export interface LicenceSourcesRequest {
  readonly recipe: Recipe;
  /** The folder of patches and other side files; undefined: there are none, and no patch is applied. */
  readonly sideFolder: string | undefined;
  /** Where everything goes; made when it is absent. */
  readonly workFolder: string;
  /** Of repositories that were fetched before. */
  readonly gitFolder: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const stepNames: ReadonlySet<string> = new Set(['fetch', 'git-checkout', 'patch']);

/**
 * Fetches what the steps at the top of the main pipeline fetch, as melange does for its licence check: without a guest, and
 * whatever their conditions say. A `fetch` needs no digest, but has to have the one that it names. Throws the `SOURCE_…`
 * errors of what fetches and unpacks, `RECIPE_INVALID` and `RECIPE_VARIABLE_UNKNOWN`.
 */
export async function fetchLicenceSources(request: LicenceSourcesRequest): Promise<void> {
  const { recipe, sideFolder, workFolder, log } = request;
  fs.mkdirSync(workFolder, { recursive: true });
  if (sideFolder !== undefined && fs.existsSync(sideFolder)) {
    log.info(`copying the files of ${sideFolder}`);
    fs.cpSync(sideFolder, workFolder, { recursive: true });
  }
  for (const step of recipe.pipeline) {
    if (!stepNames.has(step.uses)) continue;
    if (step.uses === 'patch' && sideFolder === undefined) {
      log.warn('a patch is left out: its file is not in the package');
      continue;
    }
    try {
      await runStep(step, request);
    } catch (error) {
      throw placed(error, step.position);
    }
  }
}

async function runStep(step: Step, request: LicenceSourcesRequest): Promise<void> {
  const inputs = new StepInputs(step, request.recipe);
  if (step.uses === 'fetch') await runFetch(inputs, request);
  else if (step.uses === 'git-checkout') await runCheckout(inputs, request);
  else await runPatch(inputs, request);
}

/** The inputs of a step, variables replaced; the architecture is melange's choice. */
class StepInputs {
  readonly position: Position;
  readonly all: Readonly<Record<string, string>>;

  constructor({ with: inputs, position }: Step, { variables }: Recipe) {
    const known = new Map([...variables, ['build.arch', 'x86_64'], ['build.goarch', 'amd64']]);
    this.position = position;
    this.all = Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [
        name,
        substitute(value, known, { position, what: `with.${name}` }),
      ]),
    );
  }

  text(name: string): string {
    return (this.all[name] ?? '').trim();
  }

  flag(name: string, otherwise: boolean): boolean {
    const text = this.text(name);
    return text === '' ? otherwise : text === 'true';
  }

  count(name: string, otherwise: number): number {
    const text = this.text(name);
    return /^\d{1,4}$/.test(text) ? Number(text) : otherwise;
  }

  /** A path of the work folder. Throws `RECIPE_INVALID` for one that leads out of it, be it by a link of an archive. */
  inside(workFolder: string, relative: string): string {
    const full = path.resolve(workFolder, relative);
    const below = (top: string, one: string | undefined): boolean =>
      one === top || one?.startsWith(`${top}${path.sep}`) === true;
    const isInside =
      below(workFolder, full) && below(fs.realpathSync(workFolder), realPathOf(full));
    if (isInside && !path.isAbsolute(relative)) return full;
    throw this.invalid(`"${shorten(relative)}" leads out of the workspace`);
  }

  invalid(message: string): KilnError {
    return new KilnError('RECIPE_INVALID', message, { position: this.position });
  }
}

/** Where a path leads, of what is there of it; undefined for a link to nothing. */
function realPathOf(full: string): string | undefined {
  let there = full;
  while (fs.lstatSync(there, { throwIfNoEntry: false }) === undefined) there = path.dirname(there);
  return fs.statSync(there, { throwIfNoEntry: false }) && fs.realpathSync(there);
}

async function runFetch(inputs: StepInputs, request: LicenceSourcesRequest): Promise<void> {
  const { workFolder, log, signal } = request;
  const uri = inputs.text('uri');
  const shown = shorten(withoutUserInfo(uri), 200);
  if (!/^https?:\/\//.test(uri) || !URL.canParse(uri))
    throw inputs.invalid(`not an address of HTTP: ${shown}`);
  const name = path.posix.basename(decodedPath(uri));
  if (name === '' || name === '.' || name === '..' || name.includes('\0'))
    throw inputs.invalid(`the address names no file: ${shown}`);
  log.info(`fetching ${shown}`);
  const file = path.join(workFolder, name);
  await download(uri, file, inputs, signal);
  if (inputs.flag('extract', true)) {
    const directory = inputs.inside(workFolder, inputs.text('directory') || '.');
    fs.mkdirSync(directory, { recursive: true });
    const stripComponents = inputs.count('strip-components', 1);
    await unpackArchive({ file, directory, stripComponents, signal });
  }
  if (inputs.flag('delete', false)) fs.rmSync(file);
}

function decodedPath(uri: string): string {
  const { pathname } = new URL(uri);
  try {
    return decodeURIComponent(pathname);
  } catch {
    // A stray per cent sign is part of the name.
    return pathname;
  }
}

const sourceBytesMax = 8 * 2 ** 30;

async function download(
  uri: string,
  file: string,
  inputs: StepInputs,
  signal: AbortSignal,
): Promise<void> {
  const shown = shorten(withoutUserInfo(uri), 200);
  const content = await fetchUrl(uri, signal);
  if (content === undefined) throw new KilnError('SOURCE_UNAVAILABLE', `nothing is at ${shown}`);
  const algorithm = inputs.text('expected-sha256') === '' ? 'sha512' : 'sha256';
  const hex = inputs.text(`expected-${algorithm}`).toLowerCase();
  // Whatever an archive before it put there, links too, gives way.
  fs.rmSync(file, { force: true });
  const digest = hex === '' ? {} : { digest: { algorithm, hex } as const };
  const check = new DigestCheck({ uri, ...digest }, sourceBytesMax);
  await fs.promises.writeFile(file, check.through(content), { flag: 'wx' });
}

async function runCheckout(inputs: StepInputs, request: LicenceSourcesRequest): Promise<void> {
  const { workFolder, gitFolder, log, signal } = request;
  const checkout = { ...gitCheckoutOf(inputs.all), depth: undefined };
  if (!/^[0-9a-f]{40}$/.test(checkout.commit))
    throw new KilnError('RECIPE_FETCH_UNPINNED', 'a checkout names no commit', {
      position: inputs.position,
      hint: 'add expected-commit; a branch or a tag may move',
    });
  log.info(`checking out ${shorten(withoutUserInfo(checkout.repository), 200)}`);
  const git = await CachedGitSources.open({ directory: gitFolder, localDirectories: ['/'] });
  const directory = inputs.inside(workFolder, inputs.text('destination') || '.');
  // Git clones into nothing but an empty folder.
  const fresh = fs.mkdtempSync(`${workFolder}-checkout-`);
  try {
    await git.checkOut({
      checkout,
      directory: fresh,
      signal,
      onLog: (text) => log.info(`cloned ${text}`),
    });
    layOver(fresh, directory);
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
  }
}

/**
 * Without what git keeps for itself. Files take the place of files; a link that an archive before it left is in the way of a
 * folder.
 */
function layOver(from: string, directory: string): void {
  try {
    const filter = (source: string): boolean => path.basename(source) !== '.git';
    fs.cpSync(from, directory, { recursive: true, verbatimSymlinks: true, filter });
  } catch (error) {
    throw new KilnError(
      'SOURCE_ARCHIVE_INVALID',
      `a checkout does not go with the sources before it: ${shorten(messageOf(error), 300)}`,
      { cause: error },
    );
  }
}

async function runPatch(inputs: StepInputs, request: LicenceSourcesRequest): Promise<void> {
  const { workFolder, log, signal } = request;
  const series = inputs.text('series');
  const named = inputs.text('patches');
  if (named === '' && series === '') throw inputs.invalid('a patch step has no patches');
  const list = inputs.inside(workFolder, series);
  // A pipe of an archive would be waited for.
  if (named === '' && !isFile(list))
    throw inputs.invalid(`there is no series "${shorten(series, 200)}"`);
  const words = named === '' ? seriesOf(list) : named.split(/\s+/);
  for (const name of words) {
    log.info(`applying ${shorten(name, 200)}`);
    const file = inputs.inside(workFolder, name);
    if (!isFile(file)) throw inputs.invalid(`there is no patch "${shorten(name, 200)}"`);
    await applyPatch({
      name,
      file,
      directory: workFolder,
      stripComponents: inputs.count('strip-components', 1),
      fuzz: inputs.count('fuzz', 2),
      signal,
    });
  }
}

/** The names in a series file, a line each. */
function seriesOf(file: string): readonly string[] {
  return fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
