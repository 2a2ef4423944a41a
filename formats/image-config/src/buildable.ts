import { KilnError, shorten } from '@kiln/base';
import { certificateDer } from './certificate.ts';
import { problem } from './config-problem.ts';
import type { ConfigProblem } from './config-problem.ts';
import { deepPathHint, isTooDeep, isTooLong } from './deep-path.ts';
import type { ImageConfig } from './types.ts';
import { splitWords } from './words.ts';

const pathTypes = ['directory', 'empty-file', 'hardlink', 'symlink', 'permissions'];

/** What no build can be made of, whatever the packages are. */
export function buildableProblems(config: ImageConfig): ConfigProblem[] {
  const { entrypoint, cmd } = config;
  return [
    ...wordProblems(['entrypoint', 'command'], entrypoint.command),
    ...wordProblems(['cmd'], cmd),
    ...serviceProblems(entrypoint.services),
    ...pathProblems(config),
    ...certificateProblems(config),
  ];
}

function wordProblems(path: ConfigProblem['path'], text: string): ConfigProblem[] {
  try {
    splitWords(text);
    return [];
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    return [{ path, message: error.message, hint: error.hint, code: 'IMAGE_CONFIG_WORDS' }];
  }
}

function serviceProblems(services: ImageConfig['entrypoint']['services']): ConfigProblem[] {
  return Object.keys(services ?? {}).flatMap((name) =>
    isServiceName(name)
      ? []
      : [
          problem(
            ['entrypoint', 'services', name],
            `"${shorten(name)}" is not a name for a service`,
            'a name has letters, digits, "_", "." and "-"',
          ),
        ],
  );
}

/** Whether a service may be called so: it is a folder's name. */
export function isServiceName(name: string): boolean {
  return /^[a-zA-Z0-9_.-]+$/.test(name) && name !== '.' && name !== '..';
}

function pathProblems({ paths }: ImageConfig): ConfigProblem[] {
  return paths.flatMap(({ type, path, source }, i) => {
    if (isTooDeep(path))
      return [problem(['paths', i, 'path'], `"${shorten(path)}" is too long a path`, deepPathHint)];
    if (type === 'symlink' && source === '')
      return [problem(['paths', i], 'a symlink without a source', 'write where it leads to')];
    if (type === 'symlink' && isTooLong(source))
      return [
        problem(['paths', i, 'source'], `"${shorten(source)}" is too long a path`, deepPathHint),
      ];
    return pathTypes.includes(type)
      ? []
      : [
          problem(
            ['paths', i, 'type'],
            `unsupported path mutation type "${shorten(type)}"`,
            'write directory, empty-file, hardlink, symlink or permissions',
          ),
        ];
  });
}

function certificateProblems({ certificates }: ImageConfig): ConfigProblem[] {
  return (certificates?.additional ?? []).flatMap(({ name, content }, i) => {
    const der = certificateDer(content, 'kiln');
    if (typeof der !== 'string') return [];
    return [
      problem(
        ['certificates', 'additional', i, 'content'],
        `certificate "${shorten(name)}": ${der}`,
        'give one CERTIFICATE block in PEM',
      ),
    ];
  });
}
