import { compareBytes } from '@kiln/base';
import { gzipBytes } from '@kiln/gzip';
import { fileEntry, tarBytes } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import { printPackageInfo, type PrintInfoOptions } from './info-print.ts';
import type { PackageInfo } from './package-info.ts';

/** The scripts a package may carry, by the name of their file without the dot. */
export type ScriptName =
  | 'pre-install'
  | 'post-install'
  | 'pre-upgrade'
  | 'post-upgrade'
  | 'pre-deinstall'
  | 'post-deinstall'
  | 'trigger';

export interface ControlOptions {
  /** With its data hash. */
  readonly info: PackageInfo;
  /** The compiled recipe; undefined leaves the file out. */
  readonly melangeYaml?: string | undefined;
  readonly scripts?: ReadonlyMap<ScriptName, string>;
  /** The build date. */
  readonly mtimeSeconds: number;
  /** Named in the first line of `.PKGINFO`; default `kiln`. */
  readonly tool?: string;
  readonly lineBreaks?: PrintInfoOptions['lineBreaks'];
}

/**
 * The compressed control segment of an apk v2 package: `.PKGINFO`, `.melange.yaml`, then the scripts in byte order;
 * owner root, no end of archive. What is signed and what gives the package its checksum. Throws `APK_INFO_INVALID`.
 */
export function controlSegment(options: ControlOptions): Uint8Array {
  return gzipBytes(controlTar(options));
}

/** The same before compression. */
export function controlTar(options: ControlOptions): Uint8Array {
  const { mtimeSeconds } = options;
  const info = printPackageInfo(options.info, {
    ...(options.tool === undefined ? {} : { tool: options.tool }),
    lineBreaks: options.lineBreaks ?? 'refuse',
  });
  const scripts = [...(options.scripts ?? [])].sort(([a], [b]) => compareBytes(a, b));
  const members = [
    member('.PKGINFO', info, { mode: 0o644, mtimeSeconds }),
    ...(options.melangeYaml === undefined
      ? []
      : [member('.melange.yaml', options.melangeYaml, { mode: 0o644, mtimeSeconds })]),
    ...scripts.map(([name, text]) => member(`.${name}`, text, { mode: 0o755, mtimeSeconds })),
  ];
  return tarBytes(members, { end: 'none' });
}

function member(
  path: string,
  text: string,
  options: { readonly mode: number; readonly mtimeSeconds: number },
): { entry: TarEntry; content: Uint8Array } {
  const content = Buffer.from(text);
  return { entry: fileEntry(path, content.length, options), content };
}
