import type { Subcommand } from '../subcommand.ts';

export const scan: Subcommand = {
  name: 'scan',
  usage: '<config.yaml>',
  summary: 'Print .PKGINFO anew for packages that are built',
  examples: ['kiln melange scan bash.yaml', 'kiln melange scan bash.yaml --diff -r ./packages'],
  positionals: { min: 1, max: 1 },
  flags: {
    arch: { type: 'strings', help: 'architectures; x86_64 without it' },
    comments: { type: 'bool', help: 'compare comments too' },
    diff: { type: 'bool', help: 'print what differs from the packages, and fail if anything does' },
    'keyring-append': {
      type: 'string',
      shorthand: 'k',
      default: 'local-melange.rsa.pub',
      help: 'the public key of the repository',
    },
    namespace: {
      type: 'string',
      default: 'unknown',
      help: 'the namespace of package URLs, such as wolfi',
    },
    package: { type: 'string', shorthand: 'p', help: 'only this package of the recipe' },
    'repository-append': {
      type: 'string',
      shorthand: 'r',
      default: './packages',
      help: 'the repository, an address or a folder',
    },
  },
};
