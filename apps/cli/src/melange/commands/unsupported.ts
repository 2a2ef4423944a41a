import { runnerFlag } from '../runner.ts';
import type { Subcommand } from '../../drop-in/subcommand.ts';

/** melange's subcommands that stay out, each with what to use instead. */
export const rebuild: Subcommand = {
  name: 'rebuild',
  usage: '<package.apk...>',
  summary: 'Build packages again from the recipe in them',
  examples: ['kiln melange rebuild zlib-1.3-r0.apk'],
  positionals: { min: 0 },
  flags: {
    diff: {
      type: 'bool',
      default: true,
      help: 'compare with the packages, and fail if they differ',
    },
    'out-dir': {
      type: 'string',
      default: './rebuilt-packages/',
      help: 'the folder of the packages',
    },
    runner: runnerFlag,
    'signing-key': { type: 'string', help: 'the private key that signs packages' },
    'source-dir': { type: 'string', help: 'the folder of patches and other side files' },
  },
  unsupported: 'take .melange.yaml out of the package, and build it with kiln melange build',
};

export const source: Subcommand = {
  name: 'source',
  usage: 'get|pop <config.yaml>',
  summary: 'Fetch sources to edit, and make patches of the edits',
  examples: ['kiln melange source get vim.yaml -o ./src'],
  positionals: { min: 0 },
  flags: {
    output: {
      type: 'string',
      shorthand: 'o',
      default: './source',
      help: 'the folder that sources are unpacked in',
    },
    'source-dir': { type: 'string', help: 'the folder of patches' },
  },
  unsupported: 'git clone and git format-patch do the same',
};

export const initramfs: Subcommand = {
  name: 'initramfs',
  summary: 'Make a boot image for the qemu runner',
  examples: ['kiln melange initramfs --arch x86_64 -o initramfs.cpio'],
  positionals: { min: 0 },
  flags: {
    arch: { type: 'string', help: 'the architecture' },
    'init-package': { type: 'string', default: 'microvm-init', help: 'the package that boots' },
    keyring: { type: 'strings', shorthand: 'k', help: 'files of public keys to trust' },
    output: { type: 'string', shorthand: 'o', required: true, help: 'the file to write' },
    package: { type: 'strings', shorthand: 'p', help: 'more packages' },
    repository: {
      type: 'strings',
      shorthand: 'r',
      default: ['https://apk.cgr.dev/chainguard'],
      help: 'repositories',
    },
  },
  unsupported: 'there is no qemu runner here, so nothing needs it',
};

export const convert: Subcommand = {
  name: 'convert',
  usage: 'apkbuild|gem|python <name>',
  summary: 'Write a recipe from an APKBUILD, a gem or a Python package',
  examples: ['kiln melange convert python requests'],
  positionals: { min: 0 },
  flags: {},
  unsupported: 'melange has given it up too',
};

export const completion: Subcommand = {
  name: 'completion',
  usage: '[bash|zsh|fish|powershell]',
  summary: 'Print a shell’s completion script',
  examples: ['kiln melange completion bash'],
  positionals: { min: 0, max: 1 },
  flags: {},
  unsupported: 'kiln melange --help lists subcommands, and each its flags',
};
