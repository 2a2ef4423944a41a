import type { Subcommand } from '../../drop-in/subcommand.ts';

/** apko's subcommands that stay out, each with what to use instead. */
export const clean: Subcommand = {
  name: 'clean',
  summary: 'Remove what was fetched',
  examples: ['kiln apko clean'],
  positionals: { min: 0 },
  flags: {
    'cache-dir': { type: 'string', help: 'the folder of what was fetched' },
    'dry-run': { type: 'bool', help: 'only say what would go' },
  },
  unsupported:
    'remove the folder given with --cache-dir, or ~/.cache/kiln/apk: that is always safe',
};

export const installKeys: Subcommand = {
  name: 'install-keys',
  summary: 'Install keys on this machine',
  examples: ['kiln apko install-keys'],
  positionals: { min: 0 },
  flags: {},
  unsupported: 'put the keys you trust into /etc/apk/keys yourself',
};

export const completion: Subcommand = {
  name: 'completion',
  usage: '[bash|zsh|fish|powershell]',
  summary: 'Print a shell’s completion script',
  examples: ['kiln apko completion bash'],
  positionals: { min: 0, max: 1 },
  flags: {},
  unsupported: 'kiln apko --help lists subcommands, and each its flags',
};
