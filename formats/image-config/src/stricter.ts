import { shorten } from '@kiln/base';
import { accountNameProblems } from './account-names.ts';
import { architectureOf, architectures } from './architecture.ts';
import { buildableProblems } from './buildable.ts';
import { problem } from './config-problem.ts';
import type { ConfigProblem } from './config-problem.ts';
import type { ImageConfig } from './types.ts';
import { worldEntryProblem } from './world-entry.ts';
import { zeroByteProblems } from './zero-bytes.ts';

/**
 * What apko accepts and Kiln does not: names that would become other lines of an account file or other variables, texts that the
 * kernel would take for shorter ones, names that remove other files, comparisons that nothing fails, secrets that would end up in the image, architectures that do
 * not exist. And what a build would only trip over, when nobody knows its place any more.
 */
export function stricterProblems(config: ImageConfig): ConfigProblem[] {
  return [
    ...accountNameProblems(config.accounts),
    ...environmentProblems(config),
    ...zeroByteProblems(config),
    ...whiteoutProblems(config),
    ...buildableProblems(config),
    ...packageProblems(config.contents),
    ...secretProblems(config),
    ...architectureProblems(config),
    ...budgetProblems(config),
  ];
}

/** Container runtimes stop at 127 layers; one is of the image itself. */
const budgetMax = 126;

function budgetProblems({ layering }: ImageConfig): ConfigProblem[] {
  if (layering === undefined || layering.budget <= budgetMax) return [];
  const message = `a layering budget of ${layering.budget}: container runtimes stop at 127 layers`;
  return [problem(['layering'], message, `write ${budgetMax} or less`)];
}

/** Names of files that a layer takes for the removal of others (OCI image specification, "Whiteouts"). */
function whiteoutProblems({ accounts, entrypoint, paths }: ImageConfig): ConfigProblem[] {
  const places: readonly (readonly [ConfigProblem['path'], string])[] = [
    ...paths.map(({ path }, i) => [['paths', i, 'path'], path] as const),
    ...accounts.users.map(
      ({ homeDir }, i) => [['accounts', 'users', i, 'homedir'], homeDir] as const,
    ),
    ...Object.keys(entrypoint.services ?? {}).map(
      (name) => [['entrypoint', 'services', name], name] as const,
    ),
  ];
  return places.flatMap(([place, path]) =>
    /(?:^|\/)\.wh\./.test(path)
      ? [
          problem(
            place,
            `"${shorten(path)}" would remove other files`,
            'in a layer of an image .wh. begins a whiteout',
          ),
        ]
      : [],
  );
}

function environmentProblems({ environment }: ImageConfig): ConfigProblem[] {
  return Object.keys(environment).flatMap((name) =>
    name === '' || /[=\p{Cc}]/u.test(name)
      ? [
          problem(
            ['environment', name],
            `"${shorten(name)}" is no name of a variable`,
            'a name is not empty, and has no "=" and no control characters',
          ),
        ]
      : [],
  );
}

function packageProblems({ packages }: ImageConfig['contents']): ConfigProblem[] {
  return packages.flatMap((text, i) => {
    const found = worldEntryProblem(text);
    return found === undefined
      ? []
      : [problem(['contents', 'packages', i], found.message, found.hint)];
  });
}

function secretProblems(config: ImageConfig): ConfigProblem[] {
  const lists = [
    ['repositories', config.contents.repositories],
    ['build_repositories', config.contents.buildRepositories],
    ['runtime_repositories', config.contents.runtimeRepositories],
    ['keyring', config.contents.keyring],
  ] as const;
  return lists.flatMap(([key, list]) =>
    list.flatMap((text, i) =>
      /:\/\/[^/?#]*@/.test(text)
        ? [
            problem(
              ['contents', key, i],
              `${key} entry carries credentials`,
              'give credentials to the client instead',
            ),
          ]
        : [],
    ),
  );
}

function architectureProblems({ archs }: ImageConfig): ConfigProblem[] {
  return archs.flatMap((arch, i) =>
    architectureOf(arch) === undefined
      ? [
          problem(
            ['archs', i],
            `unknown architecture "${shorten(arch)}"`,
            `known: ${architectures.map(({ apk }) => apk).join(', ')}`,
          ),
        ]
      : [],
  );
}
