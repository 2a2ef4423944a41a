import { expect, test } from 'vitest';
import { parseInvocation } from '../command.ts';
import { readConfig } from '../config.ts';
import { verify } from './verify.ts';

test('refuses a keyring for an image, whose statements it does not sign', async () => {
  const print = { data: () => undefined, talk: () => undefined };
  const words = ['localhost:5000/nginx', '--keyring', 'kiln.rsa.pub'];
  const run = async (): Promise<unknown> =>
    verify.run(parseInvocation(verify, words, readConfig(), print));
  await expect(run()).rejects.toMatchObject({
    code: 'USAGE',
    message: '--keyring is for packages, and an image is named',
    hint: 'the statements of an image are signed by the key of --key',
  });
});
