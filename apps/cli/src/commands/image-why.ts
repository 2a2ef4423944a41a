import { KilnError, oneLine, shorten } from '@kiln/base';
import type { ComparedImage, PackageReason } from '@kiln/inspect';
import { packageReason, whyLines } from '@kiln/inspect';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { readExplained } from '../image/explained.ts';
import { namedImage } from '../image/named.ts';

/** What the command says with `--json`. */
export interface Reason extends PackageReason {
  /** Absolute; only where a file was asked for. Of a file that no package has the package is "", and nothing says why. */
  readonly path?: string;
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
    const contents = await readExplained(config, namedImage(config, image));
    const reason = what.startsWith('/')
      ? reasonOfFile(contents, what)
      : packageReason(contents, what);
    print.data(
      flags['json'] === true ? `${JSON.stringify(reason, null, 2)}\n` : reasonText(reason),
    );
    return 0;
  },
};

/** Throws `IMAGE_FILE_NOT_FOUND`. */
function reasonOfFile(contents: ComparedImage, path: string): Reason {
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
    : { ...packageReason(contents, owner.name), path };
}

/** What is printed. */
export function reasonText({ path, package: name, why }: Reason): string {
  if (name === '')
    return `${oneLine(path ?? '')} is of no package: it was made when the image was put together\n`;
  const file = path === undefined ? [] : [`${path} is of ${name}`];
  return [...file, ...whyLines(why)].map((line) => `${oneLine(line)}\n`).join('');
}
