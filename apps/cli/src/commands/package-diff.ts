import { shorten } from '@kiln/base';
import type { FileChange } from '@kiln/lint';
import type { Command, Invocation } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { folderPlace } from '../folder-place.ts';
import { cacheFolder } from '../local/cache-folder.ts';
import { comparePackages, type ComparedPackages, type Other } from '../local/diff-packages.ts';
import { listOf, textOf } from '../local/options.ts';

const lineMax = 500;

export const packageDiff: Command = {
  name: 'package diff',
  summary:
    'Compare two packages, or one with the newest of its name in repositories: facts, relations, files, and what those lose who have the first one. Exit code 3 where they differ.',
  usage: 'package diff OLD NEW | package diff NEW --repository URL|DIR [--json]',
  examples: [
    'kiln package diff zlib-1.3-r0.apk zlib-1.3.1-r0.apk',
    'kiln package diff packages/x86_64/zlib-1.3.1-r0.apk --repository https://example.org/os --keyring os.rsa.pub',
    'kiln package diff --json OLD.apk NEW.apk | jq -r \'.files[] | select(.change == "removed").path\'',
  ],
  options: {
    ...jsonOption,
    repository: {
      type: 'string',
      multiple: true,
      value: 'URL|DIR',
      help: 'where the package to compare with is published',
    },
    keyring: {
      type: 'string',
      multiple: true,
      value: 'FILE',
      help: 'public keys of the repositories; a folder is believed without',
    },
    'cache-dir': {
      type: 'string',
      value: 'DIR',
      help: 'indexes of repositories; may be shared (~/.cache/kiln)',
    },
  },
  async run(invocation) {
    const { flags, print } = invocation;
    const { other, file } = subjectsOf(invocation);
    const compared = await comparePackages(other, file);
    print.data(flags['json'] === true ? `${JSON.stringify(compared, null, 2)}\n` : text(compared));
    const { facts, relations, files } = compared;
    return facts.length + relations.length + files.length === 0 ? 0 : 3;
  },
};

/** Throws `USAGE`. */
function subjectsOf({ positionals, flags, print }: Invocation): {
  readonly other: Other;
  readonly file: string;
} {
  const [first, second, more] = positionals;
  const repositories = listOf(flags['repository']);
  if (first === undefined || more !== undefined) throw usage(packageDiff, 'which two packages?');
  if ((second === undefined) === (repositories.length === 0))
    throw usage(packageDiff, 'two packages, or one and --repository');
  if (second !== undefined) return { other: { file: first }, file: second };
  const reading = {
    keys: listOf(flags['keyring']),
    cacheFolder: folderPlace(textOf(flags['cache-dir']) ?? cacheFolder(process.env)),
    onMissing: (place: string) => print.talk(`warning: ${place} has no index\n`),
  };
  return { other: { repositories, reading }, file: first };
}

function text({ from, to, facts, relations, files, findings }: ComparedPackages): string {
  const lines = [
    ...facts.map((one) => `~ ${one.name}: "${one.from}" is now "${one.to}"`),
    ...relations.flatMap(({ kind, removed, added }) => [
      ...removed.map((relation) => `- ${kind} ${relation}`),
      ...added.map((relation) => `+ ${kind} ${relation}`),
    ]),
    ...files.map(fileLine),
    ...findings.map(({ id, message }) => `! ${id}: ${message}`),
  ];
  const title = `${from.name} ${from.version} and ${to.name} ${to.version}, ${to.arch}`;
  const end = lines.length === 0 ? ': the same but for version and date' : '';
  // What packages say is shown without the characters that move a terminal's cursor.
  return [`${title}${end}`, ...lines.map((line) => shorten(line, lineMax)), ''].join('\n');
}

const marks: Readonly<Record<FileChange['change'], string>> = {
  added: '+',
  removed: '-',
  changed: '~',
};

function fileLine({ path: file, change, details }: FileChange): string {
  const line = `${marks[change]} ${file}`;
  return details.length === 0 ? line : `${line}: ${details.join('; ')}`;
}
