import type { Entrypoint, ImageConfig } from './types.ts';
import { worldEntryName } from './world-entry.ts';

/**
 * Puts `included` underneath `target`: single values of the target win, lists are joined with the included one first,
 * maps are united. `include` and `vcs-url` of the included configuration are not taken.
 */
export function mergeImageConfig(included: ImageConfig, target: ImageConfig): ImageConfig {
  return {
    contents: {
      buildRepositories: [
        ...included.contents.buildRepositories,
        ...target.contents.buildRepositories,
      ],
      runtimeRepositories: [
        ...included.contents.runtimeRepositories,
        ...target.contents.runtimeRepositories,
      ],
      repositories: [...included.contents.repositories, ...target.contents.repositories],
      keyring: [...included.contents.keyring, ...target.contents.keyring],
      runtimeKeyring: [...included.contents.runtimeKeyring, ...target.contents.runtimeKeyring],
      packages: [...included.contents.packages, ...target.contents.packages],
      baseImage: target.contents.baseImage ?? included.contents.baseImage,
    },
    entrypoint: isEmpty(target.entrypoint) ? included.entrypoint : target.entrypoint,
    cmd: target.cmd || included.cmd,
    stopSignal: target.stopSignal || included.stopSignal,
    workDir: target.workDir || included.workDir,
    accounts: {
      runAs: target.accounts.runAs || included.accounts.runAs,
      users: [...included.accounts.users, ...target.accounts.users],
      groups: [...included.accounts.groups, ...target.accounts.groups],
    },
    archs: target.archs.length === 0 ? included.archs : target.archs,
    environment: { ...included.environment, ...target.environment },
    paths: [...included.paths, ...target.paths],
    vcsUrl: target.vcsUrl,
    annotations: { ...included.annotations, ...target.annotations },
    include: target.include,
    volumes: [...included.volumes, ...target.volumes],
    layering: target.layering ?? included.layering,
    format: target.format || included.format,
    certificates: target.certificates ?? included.certificates,
  };
}

function isEmpty(entrypoint: Entrypoint): boolean {
  const { type, command, shellFragment, services } = entrypoint;
  return type === '' && command === '' && shellFragment === '' && services === undefined;
}

/**
 * An image made of another: `mergeImageConfig`, except that a package which the overlay refuses (`!name`) is not asked for by what
 * is underneath. The refusal stays, so that a package that needs it is told of when the world is solved.
 */
export function overlayImageConfig(base: ImageConfig, overlay: ImageConfig): ImageConfig {
  const refused = new Set(
    overlay.contents.packages.filter((text) => text.startsWith('!')).map((text) => text.slice(1)),
  );
  const packages = base.contents.packages.filter((text) => !refused.has(worldEntryName(text)));
  return mergeImageConfig({ ...base, contents: { ...base.contents, packages } }, overlay);
}
