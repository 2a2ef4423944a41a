import { KilnError, oneLine, shorten } from '@kiln/base';
import { nearestWord } from '@kiln/yaml/nearest';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { askedOf } from '../image/asked.ts';
import type { ImageContents } from '../image/contents.ts';
import { readImageContents } from '../image/contents.ts';
import { namedImage } from '../image/named.ts';
import { whyLines } from '../image/why-text.ts';
import type { AskedEntries, WhyStep } from '../image/why.ts';
import { whyPackage } from '../image/why.ts';

/** What the command says with `--json`. */
export interface Reason {
  readonly reference: string;
  readonly digest: string;
  /** Absolute; only where a file was asked for. */
  readonly path?: string;
  /** "" for a file that no package has. */
  readonly package: string;
  /** From a package that was asked for to this one; empty for a file that no package has. */
  readonly why: readonly WhyStep[];
}

export const imageWhy: Command = {
  name: 'image why',
  summary:
    'Say why a package or a file is in an image: that it was asked for, or the dependencies that lead to it from a package that was.',
  usage: 'image why IMAGE PACKAGE|/FILE [--json]',
  examples: [
    'kiln image why nginx pcre2',
    'kiln image why nginx /usr/lib/libpcre2-8.so.0',
    'kiln image why localhost:7420/valkey:latest glibc --json',
    'kiln image why hello.tar glibc',
  ],
  options: jsonOption,
  async run({ config, positionals, flags, print }) {
    const [image, what, more] = positionals;
    if (image === undefined || what === undefined || more !== undefined)
      throw usage(imageWhy, 'which image, and which package or file of it?');
    const source = namedImage(config, image);
    const contents = await readImageContents(source);
    const asked = await askedOf(config, source, contents);
    const reason = what.startsWith('/')
      ? reasonOfFile({ ...contents, asked }, what)
      : reasonOf({ ...contents, asked }, what);
    print.data(
      flags['json'] === true ? `${JSON.stringify(reason, null, 2)}\n` : reasonText(reason),
    );
    return 0;
  },
};

interface Explained extends ImageContents {
  readonly asked: AskedEntries;
}

/** Throws `IMAGE_PACKAGE_NOT_FOUND`. */
function reasonOf({ reference, digest, packages, asked }: Explained, name: string): Reason {
  const why = whyPackage(packages, { name, asked });
  if (why === undefined)
    throw new KilnError(
      'IMAGE_PACKAGE_NOT_FOUND',
      `there is no package "${shorten(name)}" in ${reference}`,
      {
        hint: hintFor(
          name,
          packages.map((one) => one.name),
        ),
      },
    );
  return { reference, digest, package: name, why };
}

/** What helps whoever named a package that an image does not have. */
export function hintFor(name: string, there: readonly string[]): string {
  const near = nearestWord(name, there);
  const meant = near === undefined ? '' : `did you mean ${near}? `;
  return `${meant}a package is named without its version, and a file begins with /`;
}

/** Throws `IMAGE_FILE_NOT_FOUND`. */
function reasonOfFile(contents: Explained, path: string): Reason {
  const relative = path.replace(/^\/+|\/+$/g, '');
  if (!contents.files.has(relative))
    throw new KilnError(
      'IMAGE_FILE_NOT_FOUND',
      `there is no file "${shorten(path)}" in ${contents.reference}`,
      { hint: 'a path is that of the image, links are not followed' },
    );
  // Several packages may have a directory; the last one that has a file wrote it.
  const owner = contents.packages.findLast(({ paths }) => paths.includes(relative));
  const { reference, digest } = contents;
  return owner === undefined
    ? { reference, digest, path, package: '', why: [] }
    : { ...reasonOf(contents, owner.name), path };
}

/** What is printed. */
export function reasonText({ path, package: name, why }: Reason): string {
  if (name === '')
    return `${oneLine(path ?? '')} is of no package: it was made when the image was put together\n`;
  const file = path === undefined ? [] : [`${path} is of ${name}`];
  return [...file, ...whyLines(why)].map((line) => `${oneLine(line)}\n`).join('');
}
