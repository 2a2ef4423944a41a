import { expect, test } from 'vitest';
import { parseInvocation } from '../command.ts';
import { readConfig } from '../config.ts';
import { imageHistory } from './image-history.ts';

test.each([
  ['--limit', '0'],
  ['--limit', '1001'],
  ['--limit', 'all'],
  ['--before', '9007199254740992'],
])('%s %s is a wrong command line', async (option, value) => {
  const print = { data: () => undefined, talk: () => undefined };
  const words = ['nginx', option, value];
  const run = imageHistory.run(
    parseInvocation(imageHistory, words, readConfig({ KILN_HOME: '/nonexistent' }), print),
  );
  await expect(run).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/takes a number up to \d+$/),
  });
});
