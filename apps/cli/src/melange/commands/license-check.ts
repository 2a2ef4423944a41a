import type { Subcommand } from '../subcommand.ts';

export const licenseCheck: Subcommand = {
  name: 'license-check',
  usage: '<file>',
  summary: 'Compare the licences of a recipe with those of its sources',
  examples: ['kiln melange license-check vim.yaml'],
  positionals: { min: 1 },
  flags: {
    fix: { type: 'bool', help: 'correct the recipe' },
    format: {
      type: 'string',
      default: 'flat',
      help: 'how --fix writes licences: simple or flat',
    },
    'scan-type': {
      type: 'string',
      default: 'shallow',
      help: 'shallow: the top folder and those in it; deep: all',
      check: (value) =>
        value === 'shallow' || value === 'deep' ? undefined : 'it is shallow or deep',
    },
    workdir: { type: 'string', help: 'the folder that sources are unpacked in' },
  },
};
