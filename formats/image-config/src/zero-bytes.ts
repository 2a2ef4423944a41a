import { shorten } from '@kiln/base';
import { problem } from './config-problem.ts';
import type { ConfigProblem } from './config-problem.ts';
import type { ImageConfig } from './types.ts';

type PlacedText = readonly [place: ConfigProblem['path'], text: string];

/** Texts of an image's configuration that no runtime can hand to the kernel, for which a text ends at its first zero byte. */
export function zeroByteProblems(config: ImageConfig): ConfigProblem[] {
  return placedTexts(config).flatMap(([place, text]) =>
    text.includes('\0') ? [problem(place, `"${shorten(text)}" has a zero byte`)] : [],
  );
}

function placedTexts(config: ImageConfig): PlacedText[] {
  const { entrypoint, environment, annotations, volumes, paths } = config;
  return [
    [['entrypoint', 'type'], entrypoint.type],
    [['entrypoint', 'command'], entrypoint.command],
    [['entrypoint', 'shell-fragment'], entrypoint.shellFragment],
    ...named(['entrypoint', 'services'], entrypoint.services ?? {}),
    [['cmd'], config.cmd],
    [['stop-signal'], config.stopSignal],
    [['work-dir'], config.workDir],
    [['vcs-url'], config.vcsUrl],
    ...named(['environment'], environment),
    ...named(['annotations'], annotations),
    ...volumes.map((volume, i): PlacedText => [['volumes', i], volume]),
    ...paths.flatMap(({ path, source }, i): PlacedText[] => [
      [['paths', i, 'path'], path],
      [['paths', i, 'source'], source],
    ]),
  ];
}

/** The names and the texts of a map. */
function named(place: ConfigProblem['path'], map: Readonly<Record<string, string>>): PlacedText[] {
  return Object.entries(map).flatMap(([name, text]): PlacedText[] => [
    [[...place, name], name],
    [[...place, name], text],
  ]);
}
