import type { SubcommandEntry } from '../drop-in/subcommand.ts';

/** Every subcommand of `kiln melange` by its name. */
export const subcommands: Readonly<Record<string, SubcommandEntry>> = {
  build: {
    summary: 'Build the packages of a recipe',
    load: async () => (await import('./commands/build.ts')).build,
  },
  bump: {
    summary: 'Set a recipe to another version',
    load: async () => (await import('./commands/bump.ts')).bump,
  },
  compile: {
    summary: 'Print a recipe as it is built, as JSON',
    load: async () => (await import('./commands/compile.ts')).compile,
  },
  completion: {
    summary: 'Print a shell’s completion script',
    hidden: true,
    load: async () => (await import('./commands/unsupported.ts')).completion,
  },
  convert: {
    summary: 'Write a recipe from an APKBUILD, a gem or a Python package',
    hidden: true,
    load: async () => (await import('./commands/unsupported.ts')).convert,
  },
  index: {
    summary: 'Make a repository index of package files',
    load: async () => (await import('./commands/index.ts')).index,
  },
  initramfs: {
    summary: 'Make a boot image for the qemu runner',
    hidden: true,
    load: async () => (await import('./commands/unsupported.ts')).initramfs,
  },
  keygen: {
    summary: 'Make a key pair that signs packages and indexes',
    load: async () => (await import('./commands/keygen.ts')).keygen,
  },
  'license-check': {
    summary: 'Compare the licences of a recipe with those of its sources',
    load: async () => (await import('./commands/license-check.ts')).licenseCheck,
  },
  lint: {
    summary: 'Look for what should not be in packages',
    load: async () => (await import('./commands/lint.ts')).lint,
  },
  'package-version': {
    summary: 'Print name and version of the package that a recipe makes',
    load: async () => (await import('./commands/package-version.ts')).packageVersion,
  },
  query: {
    summary: 'Print what a Go template makes of a recipe',
    load: async () => (await import('./commands/query.ts')).query,
  },
  rebuild: {
    summary: 'Build packages again from the recipe in them',
    hidden: true,
    load: async () => (await import('./commands/unsupported.ts')).rebuild,
  },
  scan: {
    summary: 'Print .PKGINFO anew for packages that are built',
    load: async () => (await import('./commands/scan.ts')).scan,
  },
  sign: {
    summary: 'Sign packages, in place of the signatures they have',
    load: async () => (await import('./commands/sign.ts')).sign,
  },
  'sign-index': {
    summary: 'Sign a repository index',
    load: async () => (await import('./commands/sign-index.ts')).signIndex,
  },
  source: {
    summary: 'Fetch sources to edit, and make patches of the edits',
    hidden: true,
    load: async () => (await import('./commands/unsupported.ts')).source,
  },
  test: {
    summary: 'Run the tests of a recipe against its packages',
    load: async () => (await import('./commands/test.ts')).test,
  },
  'update-cache': {
    summary: 'Fetch the sources of a recipe into the cache',
    load: async () => (await import('./commands/update-cache.ts')).updateCache,
  },
  version: {
    summary: 'Print the version of Kiln',
    load: async () => (await import('./commands/version.ts')).version,
  },
};
