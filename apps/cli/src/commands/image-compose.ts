import { open } from 'node:fs/promises';
import { KilnError, counted, linesOf, shorten } from '@kiln/base';
import {
  emptyImageConfig,
  imageConfigYaml,
  overlayImageConfig,
  parseImageConfig,
} from '@kiln/image-config';
import type { ImageConfig } from '@kiln/image-config';
import type { CompositionAnswer } from '@kiln/server/schemas';
import type { Client } from '../client.ts';
import { connectClient, parseAnswer } from '../client.ts';
import type { Command, Invocation } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { findPath, readConfigBytes } from '../image-build/load-config.ts';
import type { SbomFormat } from '../image-build/sbom-formats.ts';
import { parseSbomFormats } from '../image-build/sbom-formats.ts';
import { parseOwnName } from '../image/own-name.ts';

const lineBytesMax = 128 * 1024;
const progressMs = 2000;

export const imageCompose: Command = {
  name: 'image compose',
  summary:
    'Make an image of another one of the catalog: with packages added or left out, another environment, entry point, users. It is resolved over the versions that the base has, signed, described and published, in milliseconds once its packages are known.',
  usage:
    'image compose BASE [OVERLAY.yaml] --to NAME[:TAG] [--package P]... [--env K=V]... [--sbom-formats FORMATS] [--json]\n       kiln image compose --from FILE [--json]',
  examples: [
    'kiln image compose nginx --to custom/nginx:debug --package busybox --env LEVEL=debug',
    "kiln image compose nginx --to custom/nginx:slim --package '!ca-certificates-bundle'",
    'kiln image compose nginx overlay.yaml --to custom/nginx:mine',
    'kiln image compose --from many.jsonl --json | jq -r .digest',
  ],
  options: {
    ...jsonOption,
    to: { type: 'string', value: 'NAME[:TAG]', help: 'where it is published; no tag without one' },
    package: {
      type: 'string',
      multiple: true,
      short: 'p',
      value: 'P',
      help: 'a package to add, or !NAME: one to leave out',
    },
    env: { type: 'string', multiple: true, value: 'K=V', help: 'a variable of the environment' },
    entrypoint: { type: 'string', value: 'COMMAND', help: 'the command that is run' },
    cmd: { type: 'string', value: 'WORDS', help: 'the arguments it has by default' },
    user: { type: 'string', value: 'NAME|UID', help: 'who it runs as' },
    'work-dir': { type: 'string', value: 'DIR', help: 'the folder it runs in' },
    annotation: { type: 'string', multiple: true, value: 'K=V', help: 'an annotation' },
    'sbom-formats': {
      type: 'string',
      multiple: true,
      value: 'FORMAT',
      help: 'spdx (the default), or spdx,cyclonedx: the bills of materials that are signed',
    },
    from: {
      type: 'string',
      value: 'FILE',
      help: 'many at once: for each a line of JSON with base, repository, tags, overlay and sbomFormats; - is standard input',
    },
  },
  run: (invocation) =>
    invocation.flags['from'] === undefined ? composeOne(invocation) : composeMany(invocation),
};

async function composeOne({ config, positionals, flags, print }: Invocation): Promise<number> {
  const [base, file, ...others] = positionals;
  if (base === undefined) throw usage(imageCompose, 'of which image?');
  if (others.length > 0) throw usage(imageCompose, `what is ${others[0]}?`);
  if (typeof flags['to'] !== 'string') throw usage(imageCompose, 'published where? --to NAME:TAG');
  const { repository, tag, digest } = parseOwnName(config, flags['to']);
  if (digest !== undefined) throw usage(imageCompose, 'its digest is known when it is made');
  const own = overlayOf(flags);
  const overlay =
    file === undefined ? own : overlayOfFile(parseImageConfig(readOverlay(file), file), own);
  const composition = {
    base,
    repository,
    tags: tag === undefined ? [] : [tag],
    overlay: imageConfigYaml(overlay),
    sbomFormats: sbomFormatsOf(flags),
  };
  for await (const answer of ask(connectClient(config), one(composition))) {
    if ('error' in answer) throw errorOf(answer.error);
    if (flags['json'] === true) print.data(`${JSON.stringify(answer, null, 2)}\n`);
    else print.data(`${said(answer)}\n`);
  }
  return 0;
}

/** SPDX is among them: `kiln verify` asks for it. */
function sbomFormatsOf(flags: Invocation['flags']): readonly SbomFormat[] {
  const named = parseSbomFormats(imageCompose, list(flags['sbom-formats']));
  if (named.length === 0) return ['spdx'];
  if (!named.includes('spdx'))
    throw usage(imageCompose, 'an image without spdx is one that kiln verify refuses: add it');
  return named;
}

/** What a file says with what the options say laid over it, which name neither a file to include, that the factory refuses, nor a commit. */
export function overlayOfFile(file: ImageConfig, own: ImageConfig): ImageConfig {
  const { include, vcsUrl } = file;
  return { ...overlayImageConfig(file, own), include, vcsUrl };
}

/** Throws `COMPOSE_FILE_NOT_FOUND` and what `readConfigBytes` does. */
function readOverlay(file: string): string {
  const place = findPath(file, []);
  if (place === undefined) throw noFile(file);
  return readConfigBytes(place, file).toString('utf8');
}

/** What the options say, as a configuration. */
function overlayOf(flags: Invocation['flags']): ImageConfig {
  const { contents, entrypoint, accounts } = emptyImageConfig;
  const text = (name: string): string => String(flags[name] ?? '');
  return {
    ...emptyImageConfig,
    contents: { ...contents, packages: list(flags['package']) },
    entrypoint: { ...entrypoint, command: text('entrypoint') },
    accounts: { ...accounts, runAs: text('user') },
    cmd: text('cmd'),
    workDir: text('work-dir'),
    environment: pairs('env', flags['env']),
    annotations: pairs('annotation', flags['annotation']),
  };
}

function list(value: Invocation['flags'][string]): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

function pairs(option: string, value: Invocation['flags'][string]): Record<string, string> {
  return Object.fromEntries(
    list(value).map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw usage(imageCompose, `--${option} ${text} is not KEY=VALUE`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

async function composeMany({ config, positionals, flags, print }: Invocation): Promise<number> {
  if (positionals.length > 0)
    throw usage(imageCompose, `with --from, the base is named in each line: ${positionals[0]}`);
  const own = Object.keys(flags).find((name) => name !== 'from' && name !== 'json');
  if (own !== undefined)
    throw usage(imageCompose, `--${own} and --from do not go together: each line has its own`);
  const client = connectClient(config);
  const file = String(flags['from']);
  await using handle = file === '-' ? undefined : await found(file, open(file));
  const asked = new Asked(handle?.createReadStream({ autoClose: false }) ?? process.stdin);
  let [done, refused, toldAt] = [0, 0, performance.now()];
  try {
    for await (const answer of ask(client, asked.read())) {
      if ('ended' in answer) throw errorOf(answer.error);
      done += 1;
      if (flags['json'] === true) print.data(`${JSON.stringify(answer)}\n`);
      else if (!('error' in answer)) print.data(`${said(answer)}\n`);
      if ('error' in answer) {
        refused += 1;
        print.talk(
          `line ${asked.lines[done - 1] ?? '?'}: error[${answer.error.code}]: ${answer.error.message}\n`,
        );
      }
      if (performance.now() - toldAt < progressMs) continue;
      toldAt = performance.now();
      print.talk(`kiln: composed ${done}\n`);
    }
  } catch (error) {
    const open = asked.lines.length - done;
    print.talk(`kiln: ${done} answered, ${open} sent without an answer\n`);
    throw error;
  }
  print.talk(
    `kiln: composed ${counted(done - refused, 'image')}${refused > 0 ? `, ${refused} refused` : ''}\n`,
  );
  return refused > 0 ? 1 : 0;
}

/** The lines of a file. Blank ones are sent too, so that the factory counts as the file does, and answered by nobody. */
export class Asked {
  /** The number in the file of each question that was sent. */
  readonly lines: number[] = [];
  readonly #source: AsyncIterable<Uint8Array>;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *read(): AsyncIterable<Uint8Array> {
    let number = 0;
    const tooLong = (): KilnError =>
      new KilnError(
        'COMPOSE_BODY_INVALID',
        `line ${number + 1} is longer than ${lineBytesMax} bytes`,
      );
    const notUtf8 = (): KilnError =>
      new KilnError('COMPOSE_BODY_INVALID', `line ${number + 1} is not UTF-8`);
    for await (const line of linesOf(this.#source, lineBytesMax, tooLong, notUtf8)) {
      number += 1;
      if (line.trim() !== '') this.lines.push(number);
      yield Buffer.from(`${line}\n`);
    }
  }
}

/** What is read of a file. Throws `COMPOSE_FILE_NOT_FOUND` where there is none. */
async function found<T>(file: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw noFile(file);
  }
}

function noFile(file: string): KilnError {
  return new KilnError('COMPOSE_FILE_NOT_FOUND', `there is no file ${shorten(file, 200)}`, {
    hint: 'name an image configuration, or with --from a file of lines',
  });
}

async function* one(composition: object): AsyncIterable<Uint8Array> {
  yield Buffer.from(`${JSON.stringify(composition)}\n`);
}

async function* ask(
  client: Client,
  lines: AsyncIterable<Uint8Array>,
): AsyncIterable<CompositionAnswer> {
  const answers = client.exchange('/api/compositions', 'application/x-ndjson', lines);
  const tooLong = (): Error => new Error('the factory answered with a line that does not end');
  for await (const text of linesOf(answers, lineBytesMax, tooLong))
    yield parseAnswer(text) as CompositionAnswer;
}

function said({
  repository,
  digest,
  tags,
}: Exclude<CompositionAnswer, { error: unknown }>): string {
  const [tag] = tags;
  return `${repository}${tag === undefined ? '' : `:${tag}`}@${digest}`;
}

/** What is over when the same is asked again. */
const passing: ReadonlySet<string> = new Set([
  'COMPOSE_BASE_NOT_READY',
  'COMPOSE_INTERRUPTED',
  'DATABASE_UNAVAILABLE',
  'SIGNER_UNAVAILABLE',
]);

function errorOf({ code, message, hint }: Extract<CompositionAnswer, { error: unknown }>['error']) {
  return new KilnError(code, message, {
    hint,
    retry: passing.has(code) ? 'later' : 'never',
  });
}
