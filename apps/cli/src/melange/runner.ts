import type { Flag } from '../drop-in/flag.ts';

/** `--runner`: Kiln has one, its sandbox, under the name of the one of melange that it takes the place of. */
export const runnerFlag: Flag = {
  type: 'string',
  help: 'what runs the steps: bubblewrap, the only one here',
  exception:
    '`bubblewrap` or nothing; `docker` and `qemu` are refused: steps run in Kiln’s own sandbox',
  check: (value) => {
    if (value === '' || value === 'bubblewrap') return undefined;
    return value === 'docker' || value === 'qemu'
      ? 'kiln runs steps in its own sandbox; leave the flag out, or say bubblewrap'
      : 'no such runner; leave the flag out, or say bubblewrap';
  },
};
