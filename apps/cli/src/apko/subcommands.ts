import type { SubcommandEntry } from '../drop-in/subcommand.ts';

/** Every subcommand of `kiln apko` by its name. */
export const apkoSubcommands: Readonly<Record<string, SubcommandEntry>> = {
  build: {
    summary: 'Build an image of a configuration',
    load: async () => (await import('./commands/build.ts')).build,
  },
  'build-cpio': {
    summary: 'Write the file system of a configuration as a cpio archive',
    load: async () => (await import('./commands/build-cpio.ts')).buildCpio,
  },
  'build-minirootfs': {
    summary: 'Write the file system of a configuration as a tar archive',
    load: async () => (await import('./commands/build-minirootfs.ts')).buildMinirootfs,
  },
  clean: {
    summary: 'Remove what was fetched',
    hidden: true,
    load: async () => (await import('./commands/unsupported.ts')).clean,
  },
  completion: {
    summary: 'Print a shell’s completion script',
    hidden: true,
    load: async () => (await import('./commands/unsupported.ts')).completion,
  },
  dot: {
    summary: 'Print which package needs which, as a graph',
    load: async () => (await import('./commands/dot.ts')).dot,
  },
  'install-keys': {
    summary: 'Install keys on this machine',
    hidden: true,
    load: async () => (await import('./commands/unsupported.ts')).installKeys,
  },
  lock: {
    summary: 'Write down exactly which packages a configuration means',
    load: async () => (await import('./commands/lock.ts')).lock,
  },
  login: {
    summary: 'Log in to a registry',
    load: async () => (await import('./commands/login.ts')).login,
  },
  publish: {
    summary: 'Build an image and push it to a registry',
    load: async () => (await import('./commands/publish.ts')).publish,
  },
  resolve: {
    summary: 'Do what lock does, under its old name',
    hidden: true,
    load: async () => (await import('./commands/lock.ts')).resolve,
  },
  'show-config': {
    summary: 'Print a configuration with all it includes',
    load: async () => (await import('./commands/show-config.ts')).showConfig,
  },
  'show-packages': {
    summary: 'Print the packages that a configuration would install',
    load: async () => (await import('./commands/show-packages.ts')).showPackages,
  },
  version: {
    summary: 'Print the version of Kiln',
    load: async () => (await import('./commands/version.ts')).version,
  },
};
